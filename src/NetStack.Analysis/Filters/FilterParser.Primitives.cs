namespace NetStack.Analysis;

/// <content>Terms that begin with a word of the language.</content>
internal sealed partial class FilterParser
{
    private FilterNode Primitive()
    {
        FilterToken first = Current;
        if (first.Kind != TokenKind.Keyword) throw Fail(first.Kind == TokenKind.End ? "an expression is missing" : $"{first} is not expected here");
        if (FilterWords.Protocols.Contains(first.Text)) return WithProtocol(Next());
        switch (first.Text)
        {
            case "less" or "greater":
                Next();
                return Bare(new LengthNode(first.Column, first.Text == "greater", Number("a length in bytes", int.MaxValue)));
            case "byte":
                return Bare(Byte(Next()));
            case "inbound" or "outbound":
                Next();
                return Bare(new DirectionNode(first.Column, first.Text == "outbound"));
            case "vlan":
                return Bare(Tag(Next(), "a VLAN identifier", 0xFFF));
            case "mpls":
                return Bare(Tag(Next(), "an MPLS label", 0xF_FFFF));
            case "pppoes":
                return Bare(Tag(Next(), "a PPPoE session number", 0xFFFF));
            case "pppoed":
                Next();
                return Bare(new ProtocolNode(first.Column, "pppoed"));
            default:
                return Native(first) is { } native ? Bare(native) : Qualified(first.Column, null);
        }
    }

    /// <summary>What may follow a protocol: <c>tcp port 80</c>, <c>ip multicast</c>; or nothing.</summary>
    private FilterNode WithProtocol(FilterToken protocol)
    {
        string name = FilterWords.LinkNames.Contains(protocol.Text) ? "ether" : protocol.Text;
        FilterToken next = Current;
        if (next.Is("broadcast") || next.Is("multicast")) return Group(protocol.Column, name);
        if (next.Is("type") || next.Is("subtype") || next.Is("dir") || next.Is("direction")) return Bare(Native(next)!);
        if (IsQualifier(next)) return Qualified(protocol.Column, name);
        if (name == "ether") throw new FilterException(protocol.Column, $"\"{protocol.Text}\" is no filter by itself: \"host\", \"proto\", \"broadcast\" or the like is missing");
        if (IsValue(next)) throw FailBehind(protocol.Text, next);
        return Bare(new ProtocolNode(protocol.Column, name));
    }

    private FilterException FailBehind(string protocol, FilterToken value) => Fail(value.Kind switch
    {
        TokenKind.Name => $"unknown word \"{value.Text}\"{NearestName.Hint(value.Text, ["host", "net", "port", "portrange", "proto", "src", "dst", "broadcast", "multicast", "and", "or"])}",
        TokenKind.Number => $"{value} is not expected behind \"{protocol}\": write \"{protocol} port {value.Text}\", say",
        _ => $"{value} is not expected behind \"{protocol}\": write \"host {value.Text}\", say",
    });

    private FilterNode Group(int column, string? protocol)
    {
        FilterToken word = Next();
        bool isBroadcast = word.Text == "broadcast";
        bool isKnown = protocol is null or "ether" or "ip" || (protocol == "ip6" && !isBroadcast);
        if (!isKnown) throw new FilterException(column, $"\"{protocol}\" has no {word.Text} addresses");
        return Bare(new GroupNode(column, protocol, isBroadcast));
    }

    private static bool IsQualifier(FilterToken token) =>
        token.Kind == TokenKind.Keyword
        && (token.Text is "src" or "dst" or "host" or "net" or "port" or "portrange" or "proto" or "protochain" or "gateway" || FilterWords.WirelessDirections.Contains(token.Text));

    /// <summary>A direction, a type, and a value or values in brackets.</summary>
    private FilterNode Qualified(int column, string? protocol)
    {
        FilterToken first = Current;
        if (first.Is("broadcast") || first.Is("multicast")) return Group(column, protocol);
        if (FilterWords.WirelessDirections.Contains(first.Text)) return Bare(WirelessHost(column));
        FilterSide side = Side();
        FilterToken word = Current;
        string? type = word.Kind == TokenKind.Keyword && word.Text is "host" or "net" or "port" or "portrange" or "proto" or "protochain" or "gateway" ? Next().Text : null;
        if (type == "protochain") throw new FilterException(word.Column, "\"protochain\" is not supported: its programs have loops, so nothing promises that they end");
        if (type == "gateway") throw new FilterException(word.Column, "\"gateway\" is not supported: names are not looked up; write \"ether host MAC and not host ADDRESS\"");
        if (type == "proto" && side != FilterSide.Either) throw new FilterException(word.Column, "\"proto\" has no direction");
        if (type is null && !IsQualifier(first)) throw Fail($"{first} is not expected here");
        Qualifiers qualifiers = new(protocol, side, type);
        CheckQualifiers(qualifiers, column);
        _inherited = qualifiers;
        return ValueOrList(qualifiers);
    }

    private FilterSide Side()
    {
        if (!Current.Is("src") && !Current.Is("dst")) return FilterSide.Either;
        FilterToken side = Next();
        bool isSource = side.Text == "src";
        FilterToken other = _at + 1 < _tokens.Count ? _tokens[_at + 1] : default;
        if ((Current.Is("||") || Current.Is("&&")) && other.Is(isSource ? "dst" : "src"))
        {
            // "src and dst host x" has one type for both; in "src a and dst b" a value stands between.
            bool isBoth = Next().Text == "&&";
            Next();
            return isBoth ? FilterSide.Both : FilterSide.Either;
        }
        return isSource ? FilterSide.Source : FilterSide.Destination;
    }

    /// <summary>Whether a protocol may qualify a type at all.</summary>
    private static void CheckQualifiers(in Qualifiers q, int column)
    {
        bool isKnown = q.Type switch
        {
            "port" or "portrange" => q.Protocol is null or "tcp" or "udp" or "sctp",
            "proto" => q.Protocol is null or "ether" or "ip" or "ip6" or "iso" or "isis",
            "net" => q.Protocol is null or "ip" or "ip6" or "arp" or "rarp",
            _ => q.Protocol is null or "ip" or "ip6" or "arp" or "rarp" or "ether",
        };
        if (!isKnown) throw new FilterException(column, $"\"{q.Protocol}\" cannot be said of \"{q.Type ?? "host"}\"");
    }

    private FilterNode Byte(FilterToken word)
    {
        uint index = Number("an offset in bytes", int.MaxValue);
        FilterToken relation = Current;
        if (relation.Kind != TokenKind.Symbol || relation.Text is not ("<" or ">" or "=")) throw Fail($"\"<\", \"=\" or \">\" is expected, not {relation}; for bits write \"ether[{index}] & ... != 0\"");
        Next();
        return new ByteNode(word.Column, index, relation.Text, Number("a number", uint.MaxValue));
    }

    private FilterNode Tag(FilterToken word, string what, uint most)
    {
        if (Current.Kind != TokenKind.Number && !Current.Is("(")) return new TagNode(word.Column, word.Text, null);
        return new TagNode(word.Column, word.Text, Number(what, most));
    }

    /// <summary>A number, perhaps in brackets.</summary>
    private uint Number(string what, uint most)
    {
        int brackets = 0;
        while (Take("(")) brackets++;
        FilterToken token = Current;
        if (token.Kind != TokenKind.Number) throw Fail($"{what} is expected, not {token}");
        if (token.Value > most) throw Fail($"{what} is at most {most}, not {token.Text}");
        Next();
        for (; brackets > 0; brackets--)
        {
            if (!Take(")")) throw Fail($"\")\" is expected, not {Current}");
        }
        return token.Value;
    }

    /// <summary>What is handed to libpcap as it is; null where the word is none of these.</summary>
    private NativeNode? Native(FilterToken first)
    {
        if (FilterWords.NativeAlone.Contains(first.Text)) return NativeWords(first, 1);
        if (first.Is("geneve")) return NativeWords(first, _tokens[_at + 1].Kind == TokenKind.Number ? 2 : 1);
        if (first.Is("llc")) return NativeWords(first, _tokens[_at + 1].Kind == TokenKind.Name || _tokens[_at + 1].Is("rnr") ? 2 : 1);
        if (!FilterWords.NativeWithArgument.Contains(first.Text)) return null;
        int words = _tokens[_at + 1].Kind == TokenKind.Symbol ? 3 : 2; // "vpi 5" or "vpi > 5"
        if (_at + words > _tokens.Count - 1 || !IsValue(_tokens[_at + words - 1])) throw Fail($"\"{first.Text}\" has no value");
        if (first.Is("type") && _tokens[_at + 2].Is("subtype")) words = 4;
        return NativeWords(first, words);
    }

    private NativeNode NativeWords(FilterToken first, int count)
    {
        int end = Math.Min(_at + count, _tokens.Count - 1);
        string words = string.Join(' ', Enumerable.Range(_at, end - _at).Select(i => _tokens[i].Text));
        _at = end;
        return new NativeNode(first.Column, words);
    }

    /// <summary>A MAC address in one place of an 802.11 header.</summary>
    private NativeNode WirelessHost(int column)
    {
        string direction = Next().Text;
        Take("host");
        if (Current.Kind != TokenKind.Mac) throw Fail($"a MAC address is expected, not {Current}");
        return new NativeNode(column, $"wlan {direction} {Next().Text}");
    }
}
