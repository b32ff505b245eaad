mod clock;
mod guard;
mod organizations;
mod spaces;
mod world;
