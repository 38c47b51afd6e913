//! What `synth` and `bitstream` share: the tools, and how to read what they write.

pub(crate) mod netlist;
pub(crate) mod timing;
pub(crate) mod tools;
