"""A stand-in for the JetBrains Account, License Vault and Atlassian API Access services, in your tests.

The fixtures ``locum`` and ``locum_server`` come with the package; pytest finds them by itself.
"""

from __future__ import annotations

from locum._error import LocumError
from locum._server import LocumServer
from locum._wire import Change, Credential, Difference, Fault, Ignored, Match, Near, Request, Then
from locum._world import Atlassian, Clock, Faults, JetBrainsAccount, LicenseVault, Locum

__all__ = [
    "Atlassian",
    "Change",
    "Clock",
    "Credential",
    "Difference",
    "Fault",
    "Faults",
    "Ignored",
    "JetBrainsAccount",
    "LicenseVault",
    "Locum",
    "LocumError",
    "LocumServer",
    "Match",
    "Near",
    "Request",
    "Then",
]
