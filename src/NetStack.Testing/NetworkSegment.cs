using NetStack.Routing;
using NetStack.Testing;

namespace NetStack;

/// <summary>A network that hosts are in: those at one switch, or the two ends of a cable. It has a prefix of its own.</summary>
public sealed class NetworkSegment
{
    internal const int PrefixLength = 24;
    internal const int PrefixLengthV6 = 64;

    private readonly int _number;
    private readonly HashSet<IpAddress> _taken = [];
    private uint _last;

    internal NetworkSegment(string name, int number, VirtualSwitch? @switch)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(number, 0xFFFF);
        Name = name;
        _number = number;
        Switch = @switch;
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>Its IPv4 prefix.</summary>
    public IpPrefix Prefix => new(IpAddress.V4(0x0A00_0000 | (uint)_number << 8), PrefixLength);

    /// <summary>Its IPv6 prefix, where the network has IPv6.</summary>
    public IpPrefix PrefixV6 => new(IpAddress.V6((UInt128)0x2001_0DB8 << 96 | (UInt128)(uint)_number << 64), PrefixLengthV6);

    /// <summary>The switch; null for a cable.</summary>
    public VirtualSwitch? Switch { get; }

    internal List<Attachment> Attachments { get; } = [];

    /// <inheritdoc/>
    public override string ToString() => $"{Name} {Prefix}";

    /// <summary>Takes addresses for a host.</summary>
    internal IpAddress[] Take(string? wanted, bool withV6)
    {
        IpAddress address;
        if (wanted is not null)
        {
            if (!IpAddress.TryParse(wanted, out address) || !Prefix.Contains(address)) throw new ArgumentException($"'{wanted}' is no address in {this}.");
            if (!_taken.Add(address)) throw new ArgumentException($"{address} is taken in {this}.");
        }
        else
        {
            do
            {
                if (++_last > 254) throw new InvalidOperationException($"{this} is full.");
                address = IpAddress.V4((uint)Prefix.Network.Value | _last);
            }
            while (!_taken.Add(address));
        }
        return withV6 ? [address, IpAddress.V6(PrefixV6.Network.Value | (address.Value & 0xFF))] : [address];
    }
}
