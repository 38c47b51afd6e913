//! The balls of a package, as the open tools' databases have them. A copy stands in `boards/packages/`, so that a board is
//! checked without the tools; it is made anew, and compared, where they are installed.

use crate::board::{Device, Family};
use crate::{Error, FOLDER, read};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A ball, as far as a board's check needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ball {
    /// The I/O bank or transceiver quad.
    pub bank: u32,
    /// Where the tools have it: `R68C0C`, `IOB_X1Y197`.
    pub site: String,
    /// What the maker calls it; empty where the database has no name.
    pub function: String,
}

/// The balls of one part in one package, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Every ball that the database has. That of Trellis has no transceiver's.
    pub balls: BTreeMap<String, Ball>,
}

const HEAD: &str = "ball,bank,site,function";

impl Package {
    /// The file of a part's package, from the root of the repository.
    pub fn path(device: &Device) -> PathBuf {
        Path::new(FOLDER).join("packages").join(format!("{}-{}.csv", device.part, device.package))
    }

    /// Reads the balls of a device.
    ///
    /// # Errors
    /// They are not known, or the file is not a list of balls.
    pub fn load(root: &Path, device: &Device) -> Result<Package, Error> {
        let path = Package::path(device);
        if !root.join(&path).is_file() {
            let Device { part, package, .. } = device.clone();
            return Err(Error::NoPackage { part, package });
        }
        Package::parse(&read(&root.join(&path))?).map_err(|why| malformed(&path, why))
    }

    /// Reads what [`Package::text`] wrote.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Package, String> {
        let mut lines = text.lines().filter(|line| !line.starts_with('#'));
        if lines.next() != Some(HEAD) {
            return Err(format!("the first line is not `{HEAD}`"));
        }
        let mut balls = BTreeMap::new();
        for line in lines {
            let cells: Vec<&str> = line.split(',').collect();
            let &[name, bank, site, function] = &cells[..] else {
                return Err(format!("`{line}` has not four cells"));
            };
            let bank = bank.parse().map_err(|_| format!("`{bank}` is no bank"))?;
            let ball = Ball { bank, site: site.into(), function: function.into() };
            if balls.insert(name.to_owned(), ball).is_some() {
                return Err(format!("{name} is there twice"));
            }
        }
        Ok(Package { balls })
    }

    /// The file's text.
    pub fn text(&self, origin: &str) -> String {
        let mut text = format!("# {origin}\n{HEAD}\n");
        for (name, ball) in &self.balls {
            text += &format!("{name},{},{},{}\n", ball.bank, ball.site, ball.function);
        }
        text
    }

    /// Takes the balls of a device from the database of the tools unpacked under `tools`.
    ///
    /// # Errors
    /// The database has no such part or package, or is not what it was.
    pub fn from_database(tools: &Path, device: &Device) -> Result<Package, Error> {
        let share = tools.join("usr/share");
        match device.family {
            Family::Ecp5 => {
                let path = share.join("trellis/database/ECP5").join(&device.part).join("iodb.json");
                from_trellis(&read(&path)?, &device.package).map_err(|why| malformed(&path, why))
            }
            Family::Artix7 => {
                let part = crate::flow::part(device);
                let path = share.join("prjxray/database/artix7").join(part).join("package_pins.csv");
                from_prjxray(&read(&path)?).map_err(|why| malformed(&path, why))
            }
        }
    }

    /// What a file made from the database says of its origin.
    pub fn origin(device: &Device) -> &'static str {
        match device.family {
            Family::Ecp5 => {
                "From Project Trellis' database (CC0), iodb.json. User I/O only: it has no transceiver's balls."
            }
            Family::Artix7 => "From Project X-Ray's database (CC0), package_pins.csv.",
        }
    }
}

fn malformed(path: &Path, why: String) -> Error {
    Error::Malformed { path: path.display().to_string(), what: "a list of balls", why }
}

#[derive(Deserialize)]
struct TrellisIo {
    packages: BTreeMap<String, BTreeMap<String, TrellisPlace>>,
    pio_metadata: Vec<TrellisPio>,
}

#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
struct TrellisPlace {
    row: u32,
    col: u32,
    pio: String,
}

#[derive(Deserialize)]
struct TrellisPio {
    #[serde(flatten)]
    place: TrellisPlace,
    bank: u32,
    function: Option<String>,
}

fn from_trellis(text: &str, package: &str) -> Result<Package, String> {
    let mut io: TrellisIo = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let places = io.packages.remove(package).ok_or_else(|| format!("it has no package {package}"))?;
    let pios: BTreeMap<&TrellisPlace, &TrellisPio> =
        io.pio_metadata.iter().map(|pio| (&pio.place, pio)).collect();
    let ball = |(name, place): (String, TrellisPlace)| {
        let pio = pios.get(&place).ok_or_else(|| format!("{name} is at no I/O cell"))?;
        let site = format!("R{}C{}{}", place.row, place.col, place.pio);
        Ok((name, Ball { bank: pio.bank, site, function: pio.function.clone().unwrap_or_default() }))
    };
    Ok(Package { balls: places.into_iter().map(ball).collect::<Result<_, String>>()? })
}

fn from_prjxray(text: &str) -> Result<Package, String> {
    let mut lines = text.lines();
    if lines.next() != Some("pin,bank,site,tile,pin_function") {
        return Err("its first line is another one".into());
    }
    let ball = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        let &[name, bank, site, _, function] = &cells[..] else {
            return Err(format!("`{line}` has not five cells"));
        };
        let bank = bank.parse().map_err(|_| format!("`{bank}` is no bank"))?;
        Ok((name.to_owned(), Ball { bank, site: site.into(), function: function.into() }))
    };
    Ok(Package { balls: lines.map(ball).collect::<Result<_, String>>()? })
}
