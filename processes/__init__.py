"""Safe children: argument vectors, own group, bounded, logged, and gone with all their descendants when we are."""

from processes.child import Child, start
from processes.environ import environ
from processes.killpoint import killpoint
from processes.logfile import tail
from processes.order import Bounds, CannotStart, Exit, Order, Sandbox, TimedOut
from processes.protection import Protection, protection
from processes.short import Ran, run
from processes.sockets import bound, free_port, reachable
from processes.supervised import Backoff, Supervised
from processes.sweep import bearers, sweep

__all__ = [
    "Backoff",
    "Bounds",
    "CannotStart",
    "Child",
    "Exit",
    "Order",
    "Protection",
    "Ran",
    "Sandbox",
    "Supervised",
    "TimedOut",
    "bearers",
    "bound",
    "environ",
    "free_port",
    "killpoint",
    "protection",
    "reachable",
    "run",
    "start",
    "sweep",
    "tail",
]
