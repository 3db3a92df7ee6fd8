using NetStack.Testing;

namespace NetStack;

/// <summary>A link of a <see cref="VirtualNetwork"/>: the cable of a pair, or what joins a host to a switch. All of it can be changed while the
/// network runs.</summary>
public sealed class NetworkLink
{
    private readonly VirtualNetwork _net;
    private readonly Attachment _a;
    private readonly Attachment? _b;

    internal NetworkLink(VirtualNetwork net, VirtualLink wire, Attachment a, Attachment? b)
    {
        _net = net;
        _a = a;
        _b = b;
        Wire = wire;
        Name = $"{a.Host.Name}-{b?.Host.Name ?? a.Segment.Name}";
        a.Link = this;
        if (b is not null) b.Link = this;
        net.Recorder.Watch(this);
    }

    /// <summary>Its ends.</summary>
    public string Name { get; }

    /// <summary>Frames on their way.</summary>
    public int InFlight
    {
        get
        {
            using (_net.Loop.Enter()) return Wire.InFlight;
        }
    }

    internal VirtualLink Wire { get; }

    internal NetworkHost A => _a.Host;

    /// <summary>Null for a switch.</summary>
    internal NetworkHost? B => _b?.Host;

    /// <summary>What it does to frames that a host sends.</summary>
    public Impairment From(NetStackHost sender)
    {
        using (_net.Loop.Enter()) return Wire.ImpairmentOf(EndOf(sender));
    }

    /// <summary>What it does to frames that a host is sent.</summary>
    public Impairment To(NetStackHost receiver)
    {
        using (_net.Loop.Enter()) return Wire.ImpairmentOf(Opposite(EndOf(receiver)));
    }

    /// <summary>What it did to frames that a host sent.</summary>
    public LinkCounters CountersFrom(NetStackHost sender) => EndOf(sender) == LinkEnd.A ? Wire.AToB : Wire.BToA;

    /// <summary>What it did to frames that a host was sent.</summary>
    public LinkCounters CountersTo(NetStackHost receiver) => EndOf(receiver) == LinkEnd.A ? Wire.BToA : Wire.AToB;

    /// <summary>Changes what happens from now on, each way; frames on their way are not touched.</summary>
    /// <param name="change">Gets what happens now.</param>
    /// <exception cref="ArgumentOutOfRangeException">An impairment is out of range.</exception>
    public void Change(Func<Impairment, Impairment> change)
    {
        Change(LinkEnd.A, change);
        Change(LinkEnd.B, change);
    }

    /// <summary>Changes what happens to frames that a host sends.</summary>
    public void ChangeFrom(NetStackHost sender, Func<Impairment, Impairment> change) => Change(EndOf(sender), change);

    /// <summary>Changes what happens to frames that a host is sent.</summary>
    public void ChangeTo(NetStackHost receiver, Func<Impairment, Impairment> change) => Change(Opposite(EndOf(receiver)), change);

    /// <summary>Drops all frames for a while, both ways; neither end notices by itself.</summary>
    /// <param name="from">When it begins, on <see cref="VirtualNetwork.Elapsed"/>.</param>
    /// <param name="duration">How long it lasts.</param>
    public void Partition(TimeSpan from, TimeSpan duration)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(duration, TimeSpan.Zero);
        _net.At(from, Partition);
        _net.At(from + duration, Heal);
    }

    /// <summary>Drops the frames that a host sends for a while: a black hole one way.</summary>
    /// <param name="sender">The host.</param>
    /// <param name="from">When it begins, on <see cref="VirtualNetwork.Elapsed"/>.</param>
    /// <param name="duration">How long it lasts.</param>
    public void PartitionFrom(NetStackHost sender, TimeSpan from, TimeSpan duration)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(duration, TimeSpan.Zero);
        LinkEnd end = EndOf(sender);
        _net.At(from, () => SetUp(end, false));
        _net.At(from + duration, () => SetUp(end, true));
    }

    /// <summary>Drops all frames from now on, both ways.</summary>
    public void Partition()
    {
        SetUp(LinkEnd.A, false);
        SetUp(LinkEnd.B, false);
    }

    /// <summary>Drops the frames that a host sends from now on: a black hole one way.</summary>
    public void PartitionFrom(NetStackHost sender) => SetUp(EndOf(sender), false);

    /// <summary>Ends every partition of the link.</summary>
    public void Heal()
    {
        SetUp(LinkEnd.A, true);
        SetUp(LinkEnd.B, true);
    }

    /// <summary>Pulls the cable, or plugs it in: the NICs at its ends lose carrier, which their stacks notice.</summary>
    public void SetUp(bool isUp)
    {
        using (_net.Loop.Enter())
        {
            _a.Nic.SetLink(isUp);
            _b?.Nic.SetLink(isUp);
            Wire.SetUp(isUp);
        }
        _net.Loop.Kick();
    }

    /// <summary>Writes every frame from now on into a pcapng file, until the run ends: as it was sent, with a comment that says what became of it.</summary>
    /// <param name="path">The file, which is written over.</param>
    /// <exception cref="IOException">It cannot be created.</exception>
    public void CaptureTo(string path) => _net.Recorder.Capture(this, path);

    /// <inheritdoc/>
    public override string ToString() => Name;

    private static LinkEnd Opposite(LinkEnd end) => end == LinkEnd.A ? LinkEnd.B : LinkEnd.A;

    private LinkEnd EndOf(NetStackHost host)
    {
        if (_a.Host.Host == host) return LinkEnd.A;
        if (_b?.Host.Host == host) return LinkEnd.B;
        throw new ArgumentException($"The host is at no end of {Name}.", nameof(host));
    }

    private void Change(LinkEnd from, Func<Impairment, Impairment> change)
    {
        ArgumentNullException.ThrowIfNull(change);
        using (_net.Loop.Enter()) Wire.Change(from, change(Wire.ImpairmentOf(from)));
    }

    private void SetUp(LinkEnd from, bool isUp)
    {
        using (_net.Loop.Enter()) Wire.SetUp(from, isUp);
    }
}
