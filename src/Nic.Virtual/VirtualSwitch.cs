using NetStack.Wire;

namespace NetStack.Nic.Virtual;

/// <summary>
/// A learning Ethernet switch (IEEE 802.1D section 7): a frame goes out of the port behind which its destination was heard, or out of
/// every other port where nobody knows, or to a group. It takes no time and stores nothing; that is what the links at its ports do.
/// </summary>
/// <remarks>Thread rule of <see cref="INic"/>. There is no spanning tree: switches must not be joined in a ring.</remarks>
public sealed class VirtualSwitch
{
    /// <summary>Addresses that are remembered; frames to others are flooded.</summary>
    public const int MaxAddresses = 8192;

    private readonly List<Port> _ports = [];
    private readonly Dictionary<MacAddress, Port> _learned = [];

    /// <summary>Ports so far.</summary>
    public int PortCount => _ports.Count;

    /// <summary>Addresses known now.</summary>
    public int AddressCount => _learned.Count;

    /// <summary>Frames that were sent out of one port because their destination was known.</summary>
    public long Forwarded { get; private set; }

    /// <summary>Frames that were sent out of every other port.</summary>
    public long Flooded { get; private set; }

    /// <summary>Frames that were dropped: too short, or to somebody behind the port they came in at.</summary>
    public long Filtered { get; private set; }

    /// <summary>Adds a port.</summary>
    /// <param name="wire">Where frames that leave by it go.</param>
    /// <returns>Where frames that come in by it are put.</returns>
    public IWireEnd AddPort(IWireEnd wire)
    {
        ArgumentNullException.ThrowIfNull(wire);
        Port port = new(this, wire);
        _ports.Add(port);
        return port;
    }

    /// <summary>Forgets who is where.</summary>
    public void ForgetAddresses() => _learned.Clear();

    private void Pass(Port from, ReadOnlySpan<byte> frame, in WireFrame info)
    {
        if (!EthernetView.TryRead(frame, out EthernetView ethernet))
        {
            Filtered++;
            return;
        }
        if (!ethernet.Source.IsMulticast && (_learned.Count < MaxAddresses || _learned.ContainsKey(ethernet.Source))) _learned[ethernet.Source] = from;
        if (!ethernet.Destination.IsMulticast && _learned.TryGetValue(ethernet.Destination, out Port? to))
        {
            if (to == from)
            {
                Filtered++;
                return;
            }
            Forwarded++;
            to.Wire.TryDeliver(frame, info);
            return;
        }
        Flooded++;
        foreach (Port port in _ports)
        {
            if (port != from) port.Wire.TryDeliver(frame, info);
        }
    }

    private sealed class Port(VirtualSwitch owner, IWireEnd wire) : IWireEnd
    {
        internal IWireEnd Wire => wire;

        public bool TryDeliver(ReadOnlySpan<byte> frame, in WireFrame info)
        {
            owner.Pass(this, frame, info);
            return true;
        }
    }
}
