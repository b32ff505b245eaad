mod clock;
mod faults;
mod guard;
mod organizations;
mod requests;
mod secrets;
mod spaces;
mod world;
