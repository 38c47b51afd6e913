//! A process guest that works on a database: `sqlite work FILE ROWS` makes it, `sqlite check FILE` looks whether it is sound.
//!
//! What it does follows from its arguments alone: on every machine the file has the same bytes.

use rusqlite::{Connection, Result, params};
use std::process::ExitCode;

const USAGE: &str = "sqlite work FILE ROWS, or sqlite check FILE";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["work", file, rows] => match rows.parse() {
            Ok(rows) => work(file, rows),
            Err(_) => {
                eprintln!("sqlite: {rows} is no number of rows");
                return ExitCode::from(2);
            }
        },
        ["check", file] => check(file),
        _ => {
            eprintln!("usage: {USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sqlite: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Numbers that look like chance and are the same on every run: xorshift64.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: i64) -> i64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end.unsigned_abs()) as i64
    }
}

const TOWNS: [&str; 7] = ["Aachen", "Bergen", "Cádiz", "Dresden", "Évora", "Faro", "Ghent"];

/// Makes tables, fills them, changes them, takes a change back, and prints what it finds then.
fn work(file: &str, rows: i64) -> Result<()> {
    let mut database = Connection::open(file)?;
    database.execute_batch(
        "CREATE TABLE account (id INTEGER PRIMARY KEY, town TEXT NOT NULL, balance INTEGER NOT NULL, note BLOB);
         CREATE TABLE transfer (giver INTEGER, taker INTEGER, amount INTEGER);",
    )?;
    let mut numbers = Numbers(0x2545_f491_4f6c_dd1d);

    let filling = database.transaction()?;
    {
        let mut insert = filling.prepare("INSERT INTO account VALUES (?1, ?2, ?3, ?4)")?;
        for id in 0..rows {
            let town = TOWNS[numbers.below(TOWNS.len() as i64) as usize];
            let note: Vec<u8> = (0..numbers.below(90)).map(|_| numbers.below(256) as u8).collect();
            insert.execute(params![id, town, numbers.below(10_000), note])?;
        }
    }
    filling.commit()?;
    database.execute_batch("CREATE INDEX by_town ON account (town, balance);")?;

    // Each of these is a transaction of its own: it has a journal, and is on the disk before the next one.
    for _ in 0..20 {
        let (giver, taker) = (numbers.below(rows), numbers.below(rows));
        let amount = numbers.below(500);
        let transfer = database.transaction()?;
        transfer
            .execute("UPDATE account SET balance = balance - ?2 WHERE id = ?1", params![giver, amount])?;
        transfer
            .execute("UPDATE account SET balance = balance + ?2 WHERE id = ?1", params![taker, amount])?;
        transfer.execute("INSERT INTO transfer VALUES (?1, ?2, ?3)", params![giver, taker, amount])?;
        transfer.commit()?;
    }
    database.execute("DELETE FROM account WHERE id % 17 = 3", [])?;
    database.execute("UPDATE account SET note = zeroblob(40) WHERE town = 'Faro'", [])?;

    // Large enough to leave the cache, so that there is something on the disk to take back.
    database.pragma_update(None, "cache_size", 20)?;
    let mistake = database.transaction()?;
    mistake.execute("UPDATE account SET town = 'Nowhere', balance = 0", [])?;
    mistake.execute("DELETE FROM account WHERE id % 2 = 0", [])?;
    mistake.rollback()?;

    let mut query = database.prepare(
        "SELECT town, count(*), sum(balance), max(balance), sum(length(note)) FROM account
         GROUP BY town ORDER BY town",
    )?;
    let mut found = query.query([])?;
    while let Some(row) = found.next()? {
        let (town, accounts, sum): (String, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let (most, bytes): (i64, i64) = (row.get(3)?, row.get(4)?);
        println!("{town}: {accounts} accounts, {sum} together, {most} at most, {bytes} bytes of notes");
    }
    let sql = "SELECT count(*), sum(amount) FROM transfer";
    let (transfers, sum): (i64, i64) = database.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    println!("{transfers} transfers of {sum}");
    Ok(())
}

/// Prints what SQLite itself says about a database.
fn check(file: &str) -> Result<()> {
    let said: String = Connection::open(file)?.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    println!("{said}");
    Ok(())
}
