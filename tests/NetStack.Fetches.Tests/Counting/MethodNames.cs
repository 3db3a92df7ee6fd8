using System.Collections.Concurrent;
using System.Diagnostics.Tracing;

namespace NetStack.Fetches.Tests.Counting;

/// <summary>Names methods by the addresses of their instructions, from what the runtime tells as it compiles.</summary>
internal sealed class MethodNames : EventListener
{
    private const EventKeywords Compiled = (EventKeywords)0x30; // Jit and NGen
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly ConcurrentQueue<(ulong Start, ulong Length, string Name)> _methods = new();

    /// <summary>Who reads, as <c>Type.Method</c>: of an instruction and the calls that led to it, the innermost that is not the base
    /// library's. The runtime tells late, so this waits a little.</summary>
    internal string this[nint[] calls]
    {
        get
        {
            for (long end = Environment.TickCount64 + (long)Patience.TotalMilliseconds; Environment.TickCount64 < end; Thread.Sleep(50))
            {
                string? name = calls.Select(c => Find((ulong)c)).FirstOrDefault(n => n?.StartsWith("System.", StringComparison.Ordinal) == false);
                if (name is not null) return string.Join('.', name.Split('.')[^2..]);
            }
            return Find((ulong)calls[0]) ?? $"0x{calls[0]:x}";
        }
    }

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == "Microsoft-Windows-DotNETRuntime") EnableEvents(eventSource, EventLevel.Verbose, Compiled);
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        if (eventData.EventName?.StartsWith("MethodLoadVerbose", StringComparison.Ordinal) != true) return;
        _methods?.Enqueue(((ulong)Field("MethodStartAddress"), (uint)Field("MethodSize"), $"{Field("MethodNamespace")}.{Field("MethodName")}"));

        object Field(string name) => eventData.Payload![eventData.PayloadNames!.IndexOf(name)]!;
    }

    private string? Find(ulong instruction) =>
        _methods.Reverse().FirstOrDefault(m => instruction >= m.Start && instruction < m.Start + m.Length).Name; // the newest first
}
