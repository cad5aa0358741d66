"""The most memory that any one process of a benchmark uses, looked at five times a second. No benchmark itself."""

from __future__ import annotations

import threading


class PeakMemory:
    """`with PeakMemory() as memory`: afterwards `memory.peak` is the most bytes of any one process, this or a child.

    A database server that was started here is left out: its shared memory would be counted in every process of it.
    """

    peak = 0

    def __enter__(self) -> PeakMemory:
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.is_over.set()
        self.thread.join()

    def _watch(self) -> None:
        import psutil

        me = psutil.Process()
        while not self.is_over.wait(0.2):
            for process in (me, *me.children(recursive=True)):
                try:
                    if "postgres" not in process.name():
                        self.peak = max(self.peak, process.memory_info().rss)
                except psutil.Error:
                    continue
