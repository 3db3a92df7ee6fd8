using System.Diagnostics.Metrics;
using System.IO.Pipelines;
using Microsoft.Extensions.Logging;
using NetStack.Dns;

namespace NetStack;

/// <summary>How a <see cref="NetStackHost"/> works. Read once, when the host starts.</summary>
public sealed class NetStackHostOptions
{
    /// <summary>A name for logs, metrics and DHCP.</summary>
    public string Name { get; set; } = "netstack";

    /// <summary>The stack's own settings. <see cref="StackOptions.Seed"/> and <see cref="StackOptions.Secret"/> are the system's
    /// randomness unless <see cref="Seed"/> is set.</summary>
    public StackOptions Stack { get; } = new();

    /// <summary>How names are resolved: servers, search domains, hosts.</summary>
    public DnsOptions Dns { get; } = new();

    /// <summary>Makes every choice of the host repeatable; for tests only: a peer that knows it can guess ports and sequence numbers.</summary>
    public ulong? Seed { get; set; }

    /// <summary>Where continuations of reads, writes and accepts run. <see cref="PipeScheduler.Inline"/> runs them on the loop's
    /// thread: the least latency, for programs that never block.</summary>
    public PipeScheduler Scheduler { get; set; } = PipeScheduler.ThreadPool;

    /// <summary>How long stopping waits for connections to end by themselves before it resets them.</summary>
    public TimeSpan StopTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a connect waits for one address before the next is tried beside it (RFC 8305 section 5).</summary>
    public TimeSpan ConnectionAttemptDelay { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Whether payload may be read and sent on by handle (<see cref="NetBody"/>). Every NIC may then send from what every other
    /// receives into, and <see cref="NicOptions.ReceiveBuffers"/> are those beside the ring's: what can be held.</summary>
    public bool PassThrough { get; set; }

    /// <summary>How long a program may hold a <see cref="NetBody"/> before it is copied out of the buffers it was received into; more than
    /// zero.</summary>
    public TimeSpan BodyLease { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Where the host logs.</summary>
    public ILoggerFactory? LoggerFactory { get; set; }

    /// <summary>Who makes the host's meter; null for a meter of its own. Hosts of one factory need different names.</summary>
    public IMeterFactory? MeterFactory { get; set; }

    /// <summary>The clock of a host that has a loop of its own; null for the system's.</summary>
    public TimeProvider? TimeProvider { get; set; }
}
