//! Faults as they are asked for on the command line.

use anyhow::{Context, Result, bail};
use covert_replica::flip::{Flip, Register};
use covert_replica::inject::{Plan, Target, When};

/// Milliseconds after the start within which `at=RANDOM` strikes, unless `within=MS` says otherwise.
const WITHIN_MS: u64 = 100;

/// The faults of some `--inject` options, each with its replica.
///
/// # Errors
/// An option that is not understood; the message says which and how it is written.
pub fn plans(options: &[String], replicas: usize, seed: Option<u64>) -> Result<Vec<(usize, Plan)>> {
    let seed = seed.unwrap_or_else(|| fastrand::u64(..));
    let mut random = fastrand::Rng::with_seed(seed);
    let plan = |option: &String| {
        plan(option, replicas, &mut random).with_context(|| format!("in --inject {option}"))
    };
    options.iter().map(plan).collect()
}

fn plan(option: &str, replicas: usize, random: &mut fastrand::Rng) -> Result<(usize, Plan)> {
    let mut replica = replicas - 1;
    let mut within = WITHIN_MS;
    let (mut when, mut at_random) = (None, false);
    let mut flip = Vec::new();
    for word in option.split(',') {
        match word.split_once('=') {
            Some(("replica", name)) => replica = replica_of(name, replicas)?,
            Some(("output", n)) => when = Some(When::Output(number(n)?)),
            Some(("exit", n)) => when = Some(When::Exit(number(n)?)),
            Some(("at", "RANDOM")) => at_random = true,
            Some(("at", micros)) => {
                let micros = micros.strip_suffix("us").context("at=RANDOM, or at=Nus for N microseconds")?;
                when = Some(When::Micros(number(micros)?));
            }
            Some(("within", ms)) => within = number(ms)?.max(1),
            _ => flip.push(word),
        }
    }
    let when = match when {
        Some(when) => when,
        None if at_random => When::Micros(random.u64(..within.saturating_mul(1000))),
        None => bail!("it does not say when: write output=N, exit=N, at=Nus or at=RANDOM"),
    };
    let target = if flip.is_empty() { any(random) } else { Target::Bit(flip.join(",").parse()?) };
    Ok((replica, Plan { when, target }))
}

/// Some register or some memory.
pub fn any(random: &mut fastrand::Rng) -> Target {
    if random.bool() {
        return Target::AnyMemory(random.u64(..));
    }
    let registers: Vec<Register> = Register::all().collect();
    loop {
        let register = registers[random.usize(..registers.len())];
        // Not every bit exists: RFLAGS has few.
        let text = format!("reg={},bit={}", register.name(), random.u32(..register.width()));
        if let Ok(flip) = text.parse::<Flip>() {
            return Target::Bit(flip);
        }
    }
}

fn number(text: &str) -> Result<u64> {
    let parsed = match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => text.parse(),
    };
    parsed.with_context(|| format!("`{text}` is not a number: decimal, or hexadecimal after 0x"))
}

fn replica_of(name: &str, replicas: usize) -> Result<usize> {
    let number = match name.as_bytes() {
        [letter @ b'A'..=b'C'] => usize::from(letter - b'A'),
        [digit @ b'0'..=b'2'] => usize::from(digit - b'0'),
        _ => bail!("`{name}` is no replica: A, B or C"),
    };
    if number >= replicas {
        bail!("there is no replica {name}, only {replicas}");
    }
    Ok(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(option: &str) -> Result<(usize, Plan)> {
        plans(&[option.to_owned()], 2, Some(1)).map(|mut plans| plans.remove(0))
    }

    #[test]
    fn a_fault_is_where_and_when_it_is_asked_for() {
        let (replica, plan) = one("replica=B,output=17,reg=rbx,bit=13").unwrap();
        assert_eq!(replica, 1);
        let target = Target::Bit("reg=rbx,bit=13".parse().unwrap());
        assert_eq!(plan, Plan { when: When::Output(17), target });
        let (replica, plan) = one("replica=A,at=250us,mem=0x12345,bit=3").unwrap();
        assert_eq!((replica, plan.when), (0, When::Micros(250)));
    }

    #[test]
    fn the_same_seed_gives_the_same_random_fault() {
        assert_eq!(one("at=RANDOM").unwrap(), one("at=RANDOM").unwrap());
    }

    #[test]
    fn what_is_not_understood_is_named() {
        let refused = |option: &str| format!("{:#}", one(option).unwrap_err());
        assert!(refused("replica=C,output=1,reg=rbx,bit=1").contains("no replica C"));
        assert!(refused("reg=rbx,bit=1").contains("when"));
        assert!(refused("output=x,reg=rbx,bit=1").contains('x'));
        assert!(refused("output=1,reg=rbz,bit=1").contains("rbz"));
        assert!(refused("output=1,colour=red").contains("colour"));
    }
}
