mod assign;
mod change_team;
mod dictionaries;
mod gateway;
mod licenses;
mod revoke;
mod rights;
mod token;
