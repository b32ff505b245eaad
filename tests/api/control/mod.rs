mod authority;
mod clock;
mod faults;
mod guard;
mod organizations;
mod spaces;
mod world;
