namespace NetStack.Wire;

/// <summary>DNS numbers in words.</summary>
internal static class DnsText
{
    /// <summary>Appends a type as zone files have it; an unknown one like <c>Type99</c>, as tcpdump does.</summary>
    internal static void AppendType(ref LineWriter line, DnsType type)
    {
        ReadOnlySpan<byte> name = type switch
        {
            DnsType.A => "A"u8,
            DnsType.Ns => "NS"u8,
            DnsType.Cname => "CNAME"u8,
            DnsType.Soa => "SOA"u8,
            DnsType.Ptr => "PTR"u8,
            DnsType.Mx => "MX"u8,
            DnsType.Txt => "TXT"u8,
            DnsType.Aaaa => "AAAA"u8,
            DnsType.Srv => "SRV"u8,
            DnsType.Opt => "OPT"u8,
            DnsType.Any => "ANY"u8,
            _ => default,
        };
        line.Append(name.IsEmpty ? "Type"u8 : name);
        if (name.IsEmpty) line.Append((ushort)type);
    }
}
