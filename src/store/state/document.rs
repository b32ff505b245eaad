//! A state as a JSON document. An error names its place by a JSON pointer.

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, Visitor},
    ser::SerializeMap,
};
use serde_json::{Map, Value};

use crate::{
    core::{
        clock::{self, Clock},
        error::{Error, pointer},
    },
    store::{
        can_be_stored,
        state::{
            check::StateRows,
            model::{ExportedState, FORMAT, RowNumbers, StateError},
            table::{Cell, Column, ColumnType, Row, Table, Tables},
        },
    },
};

/// Members of a document.
const MEMBERS: [&str; 7] = ["format", "locum", "space", "key_check", "clock", "writes", "tables"];
/// More than anybody writes, and a whole number in every JSON.
const MOST_WRITES: i64 = 1 << 53;

impl Serialize for ExportedState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(MEMBERS.len()))?;
        map.serialize_entry("format", &FORMAT)?;
        map.serialize_entry("locum", env!("CARGO_PKG_VERSION"))?;
        map.serialize_entry("space", &self.space)?;
        map.serialize_entry("key_check", &self.key_check)?;
        map.serialize_entry("clock", &ClockJson::from_clock(self.clock))?;
        map.serialize_entry("writes", &self.writes)?;
        map.serialize_entry("tables", &TablesJson(&self.tables, &self.rows))?;
        map.end()
    }
}

struct TablesJson<'a>(&'a Tables, &'a [Vec<Row>]);

impl Serialize for TablesJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().zip(self.1).map(|(table, rows)| (table.name, Objects(table, rows))))
    }
}

struct Objects<'a>(&'a Table, &'a [Row]);

impl Serialize for Objects<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.1.iter().map(|row| Object(self.0, row)))
    }
}

struct Object<'a>(&'a Table, &'a Row);

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.exported_columns().map(|column| column.name).zip(self.1))
    }
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Number(number) => serializer.serialize_i64(*number),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for Cell {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneCell;
        impl Visitor<'_> for OneCell {
            type Value = Cell;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("null, a whole number, true, false or a text")
            }

            fn visit_unit<E>(self) -> Result<Cell, E> {
                Ok(Cell::Null)
            }

            fn visit_bool<E>(self, flag: bool) -> Result<Cell, E> {
                Ok(Cell::Flag(flag))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Cell, E> {
                Ok(Cell::Number(number))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Cell, E> {
                i64::try_from(number).map(Cell::Number).map_err(E::custom)
            }

            fn visit_str<E>(self, text: &str) -> Result<Cell, E> {
                Ok(Cell::Text(text.to_owned()))
            }

            fn visit_string<E>(self, text: String) -> Result<Cell, E> {
                Ok(Cell::Text(text))
            }
        }
        deserializer.deserialize_any(OneCell)
    }
}

/// A clock's setting, not the time that it shows: one with an offset runs on from the time of the import.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum ClockJson {
    Real {},
    Frozen { now: String },
    Offset { micros: i64 },
}

impl ClockJson {
    pub(crate) fn from_clock(clock: Clock) -> Self {
        match clock {
            Clock::Real => Self::Real {},
            Clock::Frozen(at) => Self::Frozen { now: clock::write(at) },
            Clock::Offset(by) => Self::Offset { micros: by.num_microseconds().unwrap_or_default() },
        }
    }

    pub(crate) fn into_clock(self) -> Result<Clock, Error> {
        match self {
            Self::Real {} => Ok(Clock::Real),
            Self::Frozen { now } => clock::parse(&now).map(Clock::Frozen).map_err(|e| Error::invalid("/clock/now", e)),
            Self::Offset { micros } => Clock::offset(micros)
                .ok_or_else(|| Error::invalid("/clock/micros", "leads out of the years 1970 to 9998")),
        }
    }
}

impl ExportedState {
    /// Reads a document.
    ///
    /// # Errors
    /// [`StateError::Newer`], whatever else it says; [`Error::Invalid`].
    pub fn read(mut document: Map<String, Value>, registered: &Tables) -> Result<Self, StateError> {
        let format = document.get("format").and_then(Value::as_u64).filter(|format| *format > 0);
        let format = format.ok_or_else(|| Error::invalid("/format", "expected the number of the state's format"))?;
        if format > FORMAT {
            return Err(StateError::Newer(format));
        }
        if let Some(unknown) = document.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
            return Err(Error::invalid(pointer([unknown]), "not a member of a state").into());
        }
        let writes = take_member(&mut document, "writes")?.as_i64().filter(|writes| (0..=MOST_WRITES).contains(writes));
        let clock = take_member(&mut document, "clock")?;
        let clock: ClockJson = serde_json::from_value(clock).map_err(|e| Error::invalid("/clock", e.to_string()))?;
        let Value::Object(mut tables) = take_member(&mut document, "tables")? else {
            return Err(Error::invalid("/tables", "expected an object").into());
        };
        if let Some(unknown) = tables.keys().find(|name| registered.find(name).is_none()) {
            return Err(Error::invalid(pointer(["tables", unknown]), "not a table of a state").into());
        }
        let mut numbers = RowNumbers::default();
        let mut rows = Vec::new();
        for table in registered.iter() {
            // A table that an older version did not have.
            let rows_of_table = tables.remove(table.name).unwrap_or_else(|| Value::Array(Vec::new()));
            let mut read = read_table(table, rows_of_table)?;
            numbers.replace_keys(table, &mut read).map_err(|(at, column)| {
                let place = pointer(["tables", table.name, &at.to_string(), column]);
                Error::invalid(place, "a key that another row has too, or the key of no row")
            })?;
            rows.push(read);
        }
        let clock = clock.into_clock()?;
        registered.check(&StateRows { tables: registered, rows: &rows, now: clock.now() })?;
        // Says only to people which version wrote it.
        take_text(&mut document, "locum")?;
        Ok(Self {
            space: take_text(&mut document, "space")?,
            key_check: take_text(&mut document, "key_check")?,
            clock,
            writes: writes.ok_or_else(|| Error::invalid("/writes", format!("expected a number to {MOST_WRITES}")))?,
            tables: registered.clone(),
            rows,
        })
    }
}

fn take_member(document: &mut Map<String, Value>, name: &str) -> Result<Value, Error> {
    document.remove(name).ok_or_else(|| Error::invalid(pointer([name]), "is missing"))
}

fn take_text(document: &mut Map<String, Value>, name: &str) -> Result<String, Error> {
    match take_member(document, name)? {
        Value::String(text) => Ok(text),
        _ => Err(Error::invalid(pointer([name]), "expected a text")),
    }
}

fn read_table(table: &Table, rows: Value) -> Result<Vec<Row>, Error> {
    let Value::Array(rows) = rows else {
        return Err(Error::invalid(pointer(["tables", table.name]), "expected an array of rows"));
    };
    let read = |(at, row)| {
        let at: usize = at;
        let place = |column: &str| pointer(["tables", table.name, &at.to_string(), column]);
        let Value::Object(mut row) = row else {
            return Err(Error::invalid(pointer(["tables", table.name, &at.to_string()]), "expected an object"));
        };
        let mut cells = Row::new();
        for column in table.exported_columns() {
            let value = row.remove(column.name).ok_or_else(|| Error::invalid(place(column.name), "is missing"))?;
            cells.push(read_cell(column, value).map_err(|detail| Error::invalid(place(column.name), detail))?);
        }
        match row.keys().next() {
            Some(unknown) => Err(Error::invalid(place(unknown), "not a column of the table")),
            None => Ok(cells),
        }
    };
    rows.into_iter().enumerate().map(read).collect()
}

fn read_cell(column: &Column, value: Value) -> Result<Cell, String> {
    match (&column.holds, value) {
        (_, Value::Null) if column.may_be_null => Ok(Cell::Null),
        (ColumnType::Flag, Value::Bool(flag)) => Ok(Cell::Flag(flag)),
        (ColumnType::Flag, _) => Err("expected true or false".to_owned()),
        (ColumnType::Text | ColumnType::Checked(_), Value::String(text)) => {
            if !can_be_stored(&text) {
                return Err("no text has a NUL in it".to_owned());
            }
            if let ColumnType::Checked(check) = column.holds {
                check(&text)?;
            }
            Ok(Cell::Text(text))
        }
        (ColumnType::Text | ColumnType::Checked(_), _) => Err("expected a text".to_owned()),
        (ColumnType::Number(range), value) => {
            let number = value.as_i64().filter(|number| range.contains(number));
            number
                .map(Cell::Number)
                .ok_or_else(|| format!("expected a number from {} to {}", range.start(), range.end()))
        }
        (ColumnType::Key | ColumnType::KeyOf(_) | ColumnType::Space, value) => {
            value.as_i64().map(Cell::Number).ok_or_else(|| "expected the key of a row".to_owned())
        }
    }
}
