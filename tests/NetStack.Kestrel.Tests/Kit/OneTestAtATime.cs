// While a simulation runs, the thread pool of the process has one worker. A test in real time that blocks that worker would stop both.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
