mod clock;
mod guard;
mod organizations;
mod world;
