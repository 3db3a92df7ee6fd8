// While a simulation runs, the thread pool of the process has one worker.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
