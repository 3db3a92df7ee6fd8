namespace NetStack;

/// <summary>Which time a <see cref="VirtualNetwork"/> lives in.</summary>
public enum NetworkTime
{
    /// <summary>Time stands still while anything runs and then jumps: hours take seconds, and a seed gives the same run each time.</summary>
    Virtual = 0,

    /// <summary>The real clock times <see cref="VirtualNetworkOptions.Pace"/>, on the ordinary thread pool; runs differ.</summary>
    Paced = 1,

    /// <summary>The real clock, on the ordinary thread pool; runs differ.</summary>
    Real = 2,
}

/// <summary>How a <see cref="VirtualNetwork"/> works. Read once, when it begins.</summary>
public sealed record VirtualNetworkOptions
{
    /// <summary>The environment variable that overrides the seed of every run.</summary>
    public const string SeedVariable = "NETSTACK_SEED";

    /// <summary>The environment variable that names the directory of traces; beside it the default is a directory of the system's temporary ones.</summary>
    public const string TracesVariable = "NETSTACK_TRACES";

    /// <summary>Which time the network lives in.</summary>
    public NetworkTime Time { get; init; }

    /// <summary>Seconds that pass in a real one where the time is paced, more than zero.</summary>
    public double Pace { get; init; } = 1;

    /// <summary>How long the body may take, in the network's time.</summary>
    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromDays(1);

    /// <summary>How long, in real time, the thread pool's one worker may be blocked; in virtual time only.</summary>
    public TimeSpan BlockedLimit { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Whether IPv6 addresses are assigned beside those of IPv4.</summary>
    public bool Ipv6 { get; init; }

    /// <summary>Whether what is not home when the body has ended is an error: sockets left open, frames on their way, buffers.</summary>
    public bool ChecksLeaks { get; init; } = true;

    /// <summary>How long, in the network's time, what the body started may take to end once <see cref="VirtualNetwork.Stopping"/> is cancelled.</summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Frames that the flight recorder keeps of each flow; 0 for no recorder.</summary>
    public int RecordedFrames { get; init; } = 64;

    /// <summary>Bytes that it keeps of each frame, at least 64.</summary>
    public int RecordedBytes { get; init; } = 256;

    /// <summary>Where traces are written; null for the directory that <see cref="TracesVariable"/> names.</summary>
    public string? TraceDirectory { get; init; }

    /// <summary>Where it is printed how to run a failed run again; null for standard error.</summary>
    public Action<string>? Output { get; init; }

    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Pace);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(TimeLimit, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(BlockedLimit, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(StopTimeout, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfNegative(RecordedFrames);
        ArgumentOutOfRangeException.ThrowIfLessThan(RecordedBytes, 64);
    }
}

/// <summary>How a host of a <see cref="VirtualNetwork"/> is built.</summary>
public sealed class VirtualHostOptions
{
    /// <summary>Its IPv4 address in the first network it is in; null for the next free one.</summary>
    public string? Address { get; set; }

    /// <summary>Changes the host's settings; its seed, name and names are set already.</summary>
    public Action<NetStackHostOptions>? Host { get; set; }

    /// <summary>Changes how each NIC is used: the copy strategy, trust, buffers.</summary>
    public Action<NicOptions>? Nic { get; set; }

    /// <summary>Changes each device: rings, offloads, a hostile one (<see cref="VirtualNicOptions.Tamper"/>).</summary>
    public Func<VirtualNicOptions, VirtualNicOptions>? Device { get; set; }

    /// <summary>Puts something between each device and the stack: a tap, a multiplexer's port.</summary>
    public Func<INic, INic>? Decorate { get; set; }
}
