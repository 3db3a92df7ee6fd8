// While a simulation runs, the thread pool of the process has one worker.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
// What a failed run prints is shown with the test, as docs/testing.md says.
[assembly: CaptureConsole]
