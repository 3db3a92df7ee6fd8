namespace NetStack.Neighbours;

/// <summary>
/// How far an address is on its way from added to announced: duplicate address detection (RFC 4862 section 5.4) and IPv4 address
/// conflict detection (RFC 5227 section 2), which differ in their packets and times only.
/// </summary>
/// <remarks>A mutable value in its address.</remarks>
internal struct AddressDetection
{
    private const int ProbeCount = 3; // RFC 5227 section 1.1: PROBE_NUM
    private const int AnnounceCount = 2;
    private static readonly TimeSpan ProbeWait = TimeSpan.FromSeconds(1); // also MAX_RTR_SOLICITATION_DELAY of RFC 4862 section 5.4.2
    private static readonly TimeSpan ProbeMin = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ProbeMax = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan AnnounceWait = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan AnnounceInterval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan DefendInterval = TimeSpan.FromSeconds(10);

    private int _probesLeft;
    private int _announcementsLeft;
    private Instant? _lastConflict;

    /// <summary>When the next step is due; null when there is none.</summary>
    internal Instant? Deadline { get; private set; }

    /// <summary>Begins, or begins anew. While the interface is down nothing happens; it is called again when it comes up.</summary>
    internal void Start(InterfaceAddress address, Instant now)
    {
        NetInterface nic = address.Interface;
        Deadline = null;
        if (!nic.IsUp) return;
        _announcementsLeft = address.Address.IsV4 ? AnnounceCount : 0;
        if (address.State == AddressState.Tentative)
        {
            _probesLeft = address.Address.IsV4 ? ProbeCount : nic.Options.Ipv6.DuplicateAddressDetectTransmits;
            Deadline = now + nic.Stack.RandomTime(TimeSpan.Zero, ProbeWait);
        }
        else if (_announcementsLeft > 0)
        {
            _probesLeft = 0;
            Deadline = now;
        }
    }

    internal void Stop() => Deadline = null;

    /// <summary>Does what is due.</summary>
    /// <returns>True when a tentative address turned out to be unique.</returns>
    internal bool OnDeadline(InterfaceAddress address, Instant now)
    {
        if (Deadline is not { } due || due > now) return false;
        NetInterface nic = address.Interface;
        if (_probesLeft > 0)
        {
            _probesLeft--;
            Deadline = now + Probe(address, nic);
            return false;
        }
        Deadline = null;
        if (_announcementsLeft > 0)
        {
            _announcementsLeft--;
            nic.Arp.Announce(address.Address);
            if (_announcementsLeft > 0) Deadline = now + AnnounceInterval;
        }
        return address.State == AddressState.Tentative;
    }

    /// <summary>Takes a conflict.</summary>
    /// <returns>True when the address must be given up.</returns>
    internal bool IsLost(InterfaceAddress address, Instant now)
    {
        if (address.State == AddressState.Tentative) return true;
        if (address.Address.IsV6) return false; // RFC 4862 section 5.4.4 asks for nothing once an address is assigned
        NetInterface nic = address.Interface;
        ConflictPolicy policy = nic.Stack.Options.Neighbours.ConflictPolicy;
        bool isRepeated = _lastConflict is { } last && now - last < DefendInterval;
        if (policy == ConflictPolicy.GiveUp || (policy == ConflictPolicy.DefendOnce && isRepeated)) return true;
        if (isRepeated) return false;
        _lastConflict = now;
        nic.Arp.Announce(address.Address);
        return false;
    }

    private readonly TimeSpan Probe(InterfaceAddress address, NetInterface nic)
    {
        if (address.Address.IsV6)
        {
            nic.Ndp.SolicitForDetection(address.Address);
            return nic.RetransTimer;
        }
        nic.Arp.Probe(address.Address);
        return _probesLeft > 0 ? nic.Stack.RandomTime(ProbeMin, ProbeMax) : AnnounceWait;
    }
}
