using System.Globalization;
using NetStack.Wire;

namespace NetStack.Analysis;

/// <content>Values and what their qualifiers make of them.</content>
internal sealed partial class FilterParser
{
    private FilterNode Value(in Qualifiers q)
    {
        FilterToken value = Current;
        switch (value.Kind)
        {
            case TokenKind.Number:
                Next();
                return NumberValue(q, value);
            case TokenKind.Ipv4:
                Next();
                return Ipv4Value(q, value);
            case TokenKind.Ipv6:
                Next();
                return Ipv6Value(q, value);
            case TokenKind.Mac:
                Next();
                if (q.Protocol != "ether" || q.Type is not (null or "host")) throw new FilterException(value.Column, $"a MAC address needs \"ether\": write \"ether host {value.Text}\"");
                return new EtherHostNode(value.Column, q.Side, ReadMac(value.Text));
            case TokenKind.Name:
                Next();
                return NameValue(q, value);
            default:
                throw Fail($"{Expected(q)} is expected, not {value}");
        }
    }

    private static string Expected(in Qualifiers q) => q.Type switch
    {
        "port" => "a port",
        "portrange" => "a range of ports like 1024-2047",
        "proto" => "a protocol",
        "net" => "a network like 10.0.0.0/8",
        _ => q.Protocol == "ether" ? "a MAC address" : "an address",
    };

    private static FilterNode NumberValue(in Qualifiers q, FilterToken value)
    {
        switch (q.Type)
        {
            case "port" or "portrange":
                ushort port = Port(value.Text, value.Value, value.Column);
                return new PortNode(value.Column, ProtocolOf(q.Protocol), q.Side, port, port);
            case "proto":
                return Proto(q, value.Value, value.Column);
            default:
                CheckIpv4(q, value);
                if (q.Type != "net") return new HostNode(value.Column, q.Protocol, q.Side, value.Value, uint.MaxValue);
                uint address = value.Value;
                uint mask = uint.MaxValue;
                for (; address != 0 && address >> 24 == 0; mask <<= 8) address <<= 8;
                return new HostNode(value.Column, q.Protocol, q.Side, address, mask);
        }
    }

    /// <summary>An IPv4 address, or the first bytes of one; with a prefix length or mask where it is a network's.</summary>
    private FilterNode Ipv4Value(in Qualifiers q, FilterToken value)
    {
        CheckIpv4(q, value);
        (uint address, int bits) = ReadIpv4(value);
        uint whole = bits == 32 ? uint.MaxValue : ~(uint.MaxValue >> bits);
        bool hasLength = Current.Is("/");
        if (!hasLength && !Current.Is("mask")) return new HostNode(value.Column, q.Protocol, q.Side, address, whole);
        if (q.Type != "net") throw Fail("only a network has a mask: write \"net\" instead of \"host\"");
        Next();
        FilterToken given = Current;
        uint mask;
        if (hasLength)
        {
            uint length = Number("a prefix length", 32);
            mask = length == 0 ? 0 : uint.MaxValue << (32 - (int)length);
        }
        else
        {
            if (given.Kind != TokenKind.Ipv4) throw Fail($"a mask like 255.255.255.0 is expected, not {given}");
            Next();
            mask = ReadIpv4(given).Address;
        }
        if ((address & ~mask) != 0) throw new FilterException(value.Column, $"{value.Text} has bits set that the mask {given.Text} leaves out");
        return new HostNode(value.Column, q.Protocol, q.Side, address, mask);
    }

    private FilterNode Ipv6Value(in Qualifiers q, FilterToken value)
    {
        if (q.Protocol is not (null or "ip6") || q.Type is "port" or "portrange" or "proto")
            throw new FilterException(value.Column, $"{Expected(q)} is expected, not {value}");
        IpAddress address = IpAddress.Parse(value.Text);
        int length = 128;
        if (Current.Is("/"))
        {
            if (q.Type != "net") throw Fail("only a network has a prefix length: write \"net\" instead of \"host\"");
            Next();
            length = (int)Number("a prefix length", 128);
        }
        UInt128 rest = length == 128 ? 0 : UInt128.MaxValue >> length;
        if ((address.Value & rest) != 0) throw new FilterException(value.Column, $"{value.Text} has bits set past its prefix of {length} bits");
        return new Host6Node(value.Column, q.Side, address, length);
    }

    private static FilterNode NameValue(in Qualifiers q, FilterToken value)
    {
        switch (q.Type)
        {
            case "port":
                NamedPort named = NamedPortOf(value.Text, value.Column);
                return new PortNode(value.Column, Narrow(q, named, value), q.Side, named.Port, named.Port);
            case "portrange":
                return PortRange(q, value);
            case "proto":
                IReadOnlyDictionary<string, uint> names = q.Protocol == "ether" ? FilterWords.EtherTypes : q.Protocol is "iso" or "isis" ? IsoProtocols : FilterWords.IpProtocols;
                if (names.TryGetValue(value.Text, out uint number)) return Proto(q, number, value.Column);
                throw new FilterException(value.Column, $"unknown protocol \"{value.Text}\"{NearestName.Hint(value.Text, names.Keys)}");
            default:
                throw new FilterException(value.Column, q.Protocol == "ether"
                    ? $"\"{value.Text}\" is a name, and names are not looked up: give a MAC address"
                    : $"\"{value.Text}\" is a name, and names are not looked up: give {(q.Type == "net" ? "a network like 10.0.0.0/8" : "an address")}");
        }
    }

    private static readonly Dictionary<string, uint> IsoProtocols = new() { ["clnp"] = 0x81, ["esis"] = 0x82, ["isis"] = 0x83 };

    private static FilterNode Proto(in Qualifiers q, uint number, int column) =>
        q.Protocol is "iso" or "isis"
            ? new NativeNode(column, string.Create(CultureInfo.InvariantCulture, $"{q.Protocol} proto {number}"))
            : new ProtoNode(column, q.Protocol, number);

    /// <summary>Two ports with a hyphen between them, each a number or a name; or a name alone.</summary>
    private static PortNode PortRange(in Qualifiers q, FilterToken value)
    {
        if (FilterPorts.Names.TryGetValue(value.Text, out NamedPort one)) return new PortNode(value.Column, Narrow(q, one, value), q.Side, one.Port, one.Port);
        for (int dash = value.Text.IndexOf('-', StringComparison.Ordinal); dash >= 0; dash = value.Text.IndexOf('-', dash + 1))
        {
            if (!TryPort(value.Text[..dash], value.Column, out NamedPort first) || !TryPort(value.Text[(dash + 1)..], value.Column + dash + 1, out NamedPort last)) continue;
            NamedPort both = first.Protocol == last.Protocol ? first : new NamedPort(first.Port, null);
            return new PortNode(value.Column, Narrow(q, both, value), q.Side, Math.Min(first.Port, last.Port), Math.Max(first.Port, last.Port));
        }
        throw new FilterException(value.Column, $"a range of ports like 1024-2047 is expected, not {value}");
    }

    private static bool TryPort(string text, int column, out NamedPort port)
    {
        if (FilterPorts.Names.TryGetValue(text, out port)) return true;
        if (!uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out uint number)) return false;
        port = new NamedPort(Port(text, number, column), null);
        return true;
    }

    private static NamedPort NamedPortOf(string name, int column) =>
        FilterPorts.Names.TryGetValue(name, out NamedPort port)
            ? port
            : throw new FilterException(column, $"unknown port \"{name}\"{NearestName.Hint(name, FilterPorts.Names.Keys)}");

    private static ushort Port(string text, uint number, int column) =>
        number <= ushort.MaxValue ? (ushort)number : throw new FilterException(column, $"a port is at most 65535, not {text}");

    /// <summary>The protocol of a port that is qualified and has a name, which must not contradict each other.</summary>
    private static IpProtocol? Narrow(in Qualifiers q, NamedPort port, FilterToken value)
    {
        if (ProtocolOf(q.Protocol) is not { } wanted) return port.Protocol;
        if (port.Protocol is { } own && own != wanted) throw new FilterException(value.Column, $"{value} is a port of {(own == IpProtocol.Tcp ? "tcp" : "udp")}, not of {q.Protocol}");
        return wanted;
    }

    private static IpProtocol? ProtocolOf(string? word) => word switch
    {
        "tcp" => IpProtocol.Tcp,
        "udp" => IpProtocol.Udp,
        "sctp" => IpProtocol.Sctp,
        _ => null,
    };

    private static void CheckIpv4(in Qualifiers q, FilterToken value)
    {
        if (q.Type is "port" or "portrange" or "proto" || q.Protocol is not (null or "ip" or "arp" or "rarp"))
            throw new FilterException(value.Column, $"{(q.Protocol == "ip6" ? "an IPv6 address" : Expected(q))} is expected, not {value}");
    }

    private static (uint Address, int Bits) ReadIpv4(FilterToken token)
    {
        uint address = 0;
        int bits = 0;
        foreach (string part in token.Text.Split('.'))
        {
            if (!uint.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out uint number) || number > 255)
                throw new FilterException(token.Column, $"\"{token.Text}\" is no IPv4 address: {part} is more than 255");
            address = address << 8 | number;
            bits += 8;
        }
        return (address << (32 - bits), bits);
    }

    private static MacAddress ReadMac(string text)
    {
        string[] parts = text.Split(':', '-', '.');
        string digits = parts.Length == MacAddress.Size ? string.Concat(parts.Select(p => p.PadLeft(2, '0'))) : string.Concat(parts);
        return new MacAddress(ulong.Parse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
    }
}
