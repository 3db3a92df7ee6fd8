using System.Text;
using NetStack.Testing;

namespace NetStack;

/// <summary>
/// A network inside a test: hosts with real stacks, links that lose and delay, switches, routers and NATs, in one process and in virtual
/// time. What is left to chance comes from one seed. It lives inside <see cref="RunAsync"/>.
/// </summary>
/// <remarks>Members may be called from any thread of the pool.</remarks>
public sealed partial class VirtualNetwork
{
    private readonly VirtualNetworkOptions _options;
    private readonly Dictionary<string, NetworkHost> _hosts = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<NetworkHost> _hostList = []; // in the order in which they were added
    private readonly List<NetworkSegment> _segments = [];
    private readonly List<NetworkLink> _links = [];
    private readonly List<ITimer> _scheduled = [];
    private readonly Dictionary<string, IpAddress[]> _names = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<IpAddress, NetworkHost> _owners = [];
    private readonly Instant _origin;

    private VirtualNetwork(long seed, NetLoop loop, VirtualNetworkOptions options, CancellationToken stopping)
    {
        Seed = seed;
        Stopping = stopping;
        Loop = loop;
        _options = options;
        _origin = loop.Now;
        Random = new Random(unchecked((int)SeedOf("random")));
        Faults = new FaultList(this);
        loop.Add(Faults);
        Connections = new ConnectionLog(this);
        Recorder = new FlightRecorder(this, options);
    }

    /// <summary>The seed of this run.</summary>
    public long Seed { get; }

    /// <summary>The clock. Everything that waits in a body takes its timers from here.</summary>
    public TimeProvider Time => Loop.TimeProvider;

    /// <summary>How long the network has run, by its own clock.</summary>
    public TimeSpan Elapsed => Loop.Now - _origin;

    /// <summary>Cancelled when the body has ended, for what it left running.</summary>
    public CancellationToken Stopping { get; }

    /// <summary>Random numbers from the seed, for the body. Like any <see cref="System.Random"/> it is for one task at a time.</summary>
    public Random Random { get; }

    /// <summary>What drives the network.</summary>
    public NetLoop Loop { get; }

    /// <summary>The hosts, routers and NATs, in the order in which they were added.</summary>
    public IEnumerable<NetStackHost> Hosts => _hostList.Select(h => h.Host);

    /// <summary>The links, in the order in which they were laid.</summary>
    public IReadOnlyList<NetworkLink> Links => _links;

    internal FaultList Faults { get; }

    internal ConnectionLog Connections { get; }

    internal FlightRecorder Recorder { get; }

    internal IReadOnlyList<NetworkHost> HostEntries => _hostList;

    internal IReadOnlyList<NetworkSegment> Segments => _segments;

    /// <summary>The host of a name.</summary>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    public NetStackHost this[string name] => _hosts[name].Host;

    /// <summary>The SHA-256, in hexadecimal, of every frame that was put on a link so far: when, where, its bytes, and whether it was lost.
    /// Two runs with the same hash were the same.</summary>
    public string GetTraceHash()
    {
        using (Loop.Enter()) return Recorder.GetHash();
    }

    /// <summary>Does something when the network has run for so long; at once when it has already.</summary>
    /// <param name="elapsed">When, on <see cref="Elapsed"/>.</param>
    /// <param name="action">What. It must not block.</param>
    public void At(TimeSpan elapsed, Action action)
    {
        ArgumentNullException.ThrowIfNull(action);
        TimeSpan due = elapsed - Elapsed;
        if (due <= TimeSpan.Zero)
        {
            action();
            return;
        }
        ITimer timer = Time.CreateTimer(static what => ((Action)what!)(), action, due, Timeout.InfiniteTimeSpan);
        using (Loop.Enter()) _scheduled.Add(timer);
    }

    internal NetworkHost EntryOf(NetStackHost host)
    {
        ArgumentNullException.ThrowIfNull(host);
        return _hostList.Find(h => h.Host == host) ?? throw new ArgumentException("The host is not of this network.", nameof(host));
    }

    /// <summary>Who has an address; null for nobody.</summary>
    internal NetworkHost? OwnerOf(IpAddress address) => _owners.GetValueOrDefault(address);

    /// <summary>A seed for one part, by its name: what is added beside it changes nothing for it.</summary>
    internal ulong SeedOf(string part)
    {
        ulong hash = 0xCBF29CE484222325; // FNV-1a
        foreach (byte value in Encoding.UTF8.GetBytes(part)) hash = (hash ^ value) * 0x100000001B3;
        return new SeededRandom(hash ^ (unchecked((ulong)Seed) * 0x9E3779B97F4A7C15)).Next();
    }
}
