using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using NetStack.Wire;

namespace NetStack.Multiplexer;

/// <summary>
/// Reads the text form of a <see cref="PortFilter"/>: <c>not</c> binds most, <c>and</c> and <c>or</c> bind alike, from the left, as
/// in pcap-filter(7); brackets group. A recursive descent over words; every error names the column it was found in, from 1.
/// </summary>
internal ref struct PortFilterParser
{
    /// <summary>Brackets and negations deeper than this are refused, so that no text exhausts the stack.</summary>
    private const int MaxDepth = 64;

    /// <summary>As many terms as a person or a script may sensibly write; the tree of a filter is walked by recursion.</summary>
    private const int MaxTerms = 512;

    private readonly string _text;
    private int _at;
    private int _start;
    private string _word;
    private int _depth;
    private int _terms;

    internal PortFilterParser(string text)
    {
        _text = text;
        _word = "";
        Next();
    }

    internal PortFilter Parse()
    {
        PortFilter filter = Expression();
        if (_word.Length > 0) Fail($"'{_word}' is not expected here");
        return filter;
    }

    private PortFilter Expression()
    {
        PortFilter left = Unary();
        while (true)
        {
            if (Take("and") || Take("&&")) left &= Unary();
            else if (Take("or") || Take("||")) left |= Unary();
            else return left;
        }
    }

    private PortFilter Unary()
    {
        if (++_depth > MaxDepth) Fail("brackets and negations are nested too deeply");
        PortFilter filter = Take("not") || Take("!") ? !Unary() : Take("(") ? Bracket() : Term();
        _depth--;
        return filter;
    }

    private PortFilter Bracket()
    {
        PortFilter inner = Expression();
        if (!Take(")")) Fail(_word.Length == 0 ? "')' is missing" : $"')' is expected, not '{_word}'");
        return inner;
    }

    private PortFilter Term()
    {
        if (++_terms > MaxTerms) Fail($"there are more than {MaxTerms} terms");
        if (Take("all")) return PortFilter.All;
        if (Take("ether")) return Ether();
        if (Take("vlan")) return IsNumber() ? PortFilter.Vlan((ushort)Number("a VLAN identifier", 4095)) : PortFilter.AnyVlan;
        if (Take("broadcast")) return PortFilter.EtherHost(MacAddress.Broadcast, FilterDirection.Destination);
        if (Take("multicast")) return PortFilter.Multicast;
        if (Take("arp")) return PortFilter.EtherType(EtherType.Arp);
        if (Take("icmp")) return PortFilter.Protocol(IpProtocol.Icmp);
        if (Take("icmp6")) return PortFilter.Protocol(IpProtocol.Icmpv6);
        if (Take("tcp")) return WithProtocol(PortFilter.Protocol(IpProtocol.Tcp));
        if (Take("udp")) return WithProtocol(PortFilter.Protocol(IpProtocol.Udp));
        if (Take("sctp")) return WithProtocol(PortFilter.Protocol(IpProtocol.Sctp));
        if (Take("ip")) return WithProtocol(PortFilter.EtherType(EtherType.Ipv4));
        if (Take("ip6")) return WithProtocol(PortFilter.EtherType(EtherType.Ipv6));
        return Primitive() ?? Unknown();
    }

    /// <summary>What may follow a protocol without <c>and</c>: <c>tcp port 80</c>, <c>ip host 10.0.0.1</c>.</summary>
    private PortFilter WithProtocol(PortFilter protocol) => Primitive() is { } more ? protocol & more : protocol;

    private PortFilter? Primitive()
    {
        FilterDirection direction = Direction(out bool given);
        if (Take("host")) return PortFilter.Host(Address(), direction);
        if (Take("net")) return Net(direction);
        if (Take("port")) return PortFilter.Port((ushort)Number("a port", ushort.MaxValue), direction);
        if (Take("portrange")) return PortRange(direction);
        if (Take("proto")) return PortFilter.Protocol((IpProtocol)Number("a protocol number", byte.MaxValue));
        if (given) Fail(_word.Length == 0 ? "'host', 'net', 'port' or 'portrange' is missing" : $"'{_word}' cannot have a direction");
        return null;
    }

    private PortFilter Ether()
    {
        FilterDirection direction = Direction(out bool given);
        if (Take("proto")) return PortFilter.EtherType((EtherType)Number("an EtherType", ushort.MaxValue));
        if (Take("broadcast")) return PortFilter.EtherHost(MacAddress.Broadcast, FilterDirection.Destination);
        if (Take("multicast")) return PortFilter.Multicast;
        if (!Take("host") && !given) Fail(_word.Length == 0 ? "'host', 'src', 'dst' or 'proto' is missing after 'ether'" : $"'{_word}' cannot follow 'ether'");
        if (!MacAddress.TryParse(_word, out MacAddress mac)) Fail(Expected("a MAC address"));
        Next();
        return PortFilter.EtherHost(mac, direction);
    }

    private FilterDirection Direction(out bool given)
    {
        given = true;
        if (Take("src")) return FilterDirection.Source;
        if (Take("dst")) return FilterDirection.Destination;
        given = false;
        return FilterDirection.Either;
    }

    private PortFilter Net(FilterDirection direction)
    {
        int slash = _word.IndexOf('/', StringComparison.Ordinal);
        IpAddress address = default;
        bool read = slash >= 0 && TryAddress(_word[..slash], out address);
        if (!read) Fail(Expected("an address and prefix length like 10.0.0.0/8"));
        if (!int.TryParse(_word.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int length) || length > address.Size * 8)
            Fail($"the prefix length of {address} is a number from 0 to {address.Size * 8}, not '{_word[(slash + 1)..]}'");
        int at = _start;
        Next();
        try
        {
            return PortFilter.Net(address, length, direction);
        }
        catch (ArgumentException e)
        {
            throw new FormatException($"Column {at + 1}: {e.Message}");
        }
    }

    private PortFilter PortRange(FilterDirection direction)
    {
        int dash = _word.IndexOf('-', StringComparison.Ordinal);
        if (dash < 0 || !ushort.TryParse(_word.AsSpan(0, dash), NumberStyles.None, CultureInfo.InvariantCulture, out ushort first)
            || !ushort.TryParse(_word.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort last) || last < first)
        {
            Fail(Expected("two ports like 1024-2047"));
            return PortFilter.All;
        }
        Next();
        return PortFilter.PortRange(first, last, direction);
    }

    private IpAddress Address()
    {
        if (!TryAddress(_word, out IpAddress address)) Fail(Expected("an IP address"));
        Next();
        return address;
    }

    private int Number(string what, int most)
    {
        bool hex = _word.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        ReadOnlySpan<char> digits = hex ? _word.AsSpan(2) : _word;
        if (!int.TryParse(digits, hex ? NumberStyles.AllowHexSpecifier : NumberStyles.None, CultureInfo.InvariantCulture, out int number) || number < 0)
            Fail(Expected(what));
        if (number > most) Fail($"{what} is at most {most}, not {_word}");
        Next();
        return number;
    }

    private readonly bool IsNumber() => _word.Length > 0 && char.IsAsciiDigit(_word[0]);

    private static bool TryAddress(string text, out IpAddress address)
    {
        // The framework also reads "10" and "0x0A000001" as addresses; here only the usual forms are.
        bool usual = text.Contains(':', StringComparison.Ordinal) || text.Count(c => c == '.') == 3;
        bool read = IPAddress.TryParse(text, out IPAddress? parsed) && usual && !text.Contains('%', StringComparison.Ordinal)
            && (parsed.AddressFamily == AddressFamily.InterNetworkV6 || parsed.ToString() == text);
        address = read ? IpAddress.From(parsed!) : default;
        return read;
    }

    private PortFilter Unknown()
    {
        Fail(_word.Length == 0 ? "an expression is missing" : $"'{_word}' is not known");
        return PortFilter.All;
    }

    private readonly string Expected(string what) => _word.Length == 0 ? $"{what} is missing" : $"'{_word}' is not {what}";

    private bool Take(string word)
    {
        if (!string.Equals(_word, word, StringComparison.Ordinal)) return false;
        Next();
        return true;
    }

    private void Next()
    {
        while (_at < _text.Length && char.IsWhiteSpace(_text[_at])) _at++;
        _start = _at;
        if (_at == _text.Length)
        {
            _word = "";
            return;
        }
        if (_text.AsSpan(_at).StartsWith("&&") || _text.AsSpan(_at).StartsWith("||")) _at += 2;
        else if (_text[_at] is '(' or ')' or '!') _at++;
        else while (_at < _text.Length && !char.IsWhiteSpace(_text[_at]) && _text[_at] is not ('(' or ')' or '!' or '&' or '|')) _at++;
        if (_at == _start) _at++; // a single & or |, which no rule knows
        _word = _text[_start.._at];
    }

    [DoesNotReturn]
    private readonly void Fail(string why) => throw new FormatException($"Column {_start + 1}: {why}.");
}
