mod bad_input;
mod clock;
mod document;
mod faults;
mod guard;
mod organizations;
mod spaces;
mod world;
