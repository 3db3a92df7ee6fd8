using NetStack.Wire;

namespace NetStack.Ip;

/// <summary>What is to be done about the options of an IPv6 options header (RFC 8200 section 4.2).</summary>
internal enum Ipv6OptionVerdict
{
    /// <summary>Go on.</summary>
    Accept = 0,

    /// <summary>Drop the packet silently.</summary>
    Discard,

    /// <summary>Drop it and send a parameter problem, code 2, even to the sender of a multicast packet.</summary>
    Report,

    /// <summary>Drop it and send a parameter problem, code 2, unless the packet was multicast.</summary>
    ReportUnlessGroup,

    /// <summary>The list cannot be: drop it and send a parameter problem, code 0.</summary>
    Malformed,

    /// <summary>A jumbogram: drop it as an unknown option whose type says so.</summary>
    Jumbogram,
}

/// <summary>Looks at the options of an IPv6 options header.</summary>
/// <param name="Verdict">What is to be done.</param>
/// <param name="At">Where in the header the option lies that decided, in bytes.</param>
/// <param name="HasRouterAlert">Whether there is a router alert (RFC 2711).</param>
internal readonly record struct Ipv6OptionCheck(Ipv6OptionVerdict Verdict, int At, bool HasRouterAlert)
{
    private const byte Pad1 = 0;
    private const byte PadN = 1;
    private const byte RouterAlert = 5;
    private const byte JumboPayload = 0xC2;

    /// <summary>Looks at a whole header.</summary>
    internal static Ipv6OptionCheck Of(ReadOnlySpan<byte> header)
    {
        bool hasRouterAlert = false;
        for (int at = 2; at < header.Length;)
        {
            byte type = header[at];
            if (type == Pad1)
            {
                at++;
                continue;
            }
            if (header.Length - at < 2 || header[at + 1] > header.Length - at - 2) return new(Ipv6OptionVerdict.Malformed, at, hasRouterAlert);
            int length = header[at + 1];
            Ipv6OptionVerdict verdict = type switch
            {
                PadN => Ipv6OptionVerdict.Accept,
                RouterAlert => length == 2 ? Ipv6OptionVerdict.Accept : Ipv6OptionVerdict.Malformed,
                JumboPayload => Ipv6OptionVerdict.Jumbogram,
                _ => (Ipv6OptionVerdict)(type >> 6), // 00 skip, 01 discard, 10 report, 11 report unless group
            };
            if (verdict != Ipv6OptionVerdict.Accept) return new(verdict, at, hasRouterAlert);
            hasRouterAlert |= type == RouterAlert;
            at += 2 + length;
        }
        return new(Ipv6OptionVerdict.Accept, 0, hasRouterAlert);
    }
}
