namespace NetStack.Samples;

/// <summary>Says from time to time what the host holds: whoever runs it for long sees whether that grows.</summary>
internal static class Report
{
    internal static async Task RunAsync(NetStackHost host, TimeSpan interval, CancellationToken cancellationToken)
    {
        using PeriodicTimer timer = new(interval, host.Loop.TimeProvider);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            string held = "";
            host.Loop.Run(_ =>
            {
                NetworkStack stack = host.Stack;
                held = $"connections {stack.Tcp.ConnectionCount} timewait {stack.Tcp.TimeWaitCount} sending {stack.TransmitBuffers.Count - stack.TransmitBuffers.Available}";
            });
            Console.Error.WriteLine($"{held} heap {GC.GetTotalMemory(forceFullCollection: true) / 1024} resident {Environment.WorkingSet / 1024}");
        }
    }
}
