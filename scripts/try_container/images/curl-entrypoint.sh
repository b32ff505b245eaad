#!/bin/sh
# A command as it is, options as curl's: like the image's own script.
case $1 in
    -*) exec curl "$@" ;;
    *) exec "$@" ;;
esac
