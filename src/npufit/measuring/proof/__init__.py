"""Whether the NPU ran: counters of three runs and messages of runtimes, weighed against what each assumes."""
