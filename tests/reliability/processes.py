"""Children of the test process that are killed, or have too little disk or memory."""

import os
import pickle
import signal
import sys
import traceback
import warnings

# what a process asks of the file system: a kill before any of these, or after the last, is a kill at any time
STEPS = {
    "open",
    "write",
    "writelines",
    "flush",
    "close",
    "fsync",
    "replace",
    "rename",
    "unlink",
    "mkdir",
    "rmdir",
    "chmod",
}


def in_child(work, *, timeout=120):
    """Run a function in a fork of this process; returns how it ended and what it returned or raised, as text.

    ``("returned", value)``, ``("raised", "ValueError: ...")``, ``("killed", number of the signal)`` or
    ``("hung", None)``.
    """
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of fork beside threads: the child starts none
        child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            signal.alarm(timeout)
            try:
                answer = ("returned", work())
            except BaseException as error:
                answer = ("raised", f"{type(error).__name__}: {error}", traceback.format_exc(limit=-3))
            with os.fdopen(writing, "wb") as pipe:
                pickle.dump(answer, pipe)
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        text = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return ("hung", None) if number == signal.SIGALRM else ("killed", number)
    return pickle.loads(text)[:2]


def killed_at(step, work):
    """Run a function in a child that is killed with -9 before the given step of its use of files; see `in_child`."""

    def child():
        count = -1

        def profile(frame, event, what):
            nonlocal count
            if event == "c_call" and what.__name__ in STEPS:
                count += 1
                if count == step:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.setprofile(profile)
        try:
            work()
        finally:
            sys.setprofile(None)

    return in_child(child)


def with_limit(name, value, work):
    """Run a function in a child with a limit of ``resource``; that of memory is beyond what is used now."""
    import resource

    def child():
        limit = value
        if name == "RLIMIT_AS":
            with open("/proc/self/statm") as file:
                limit += int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(getattr(resource, name), (limit, resource.getrlimit(getattr(resource, name))[1]))
        return work()

    return in_child(child)
