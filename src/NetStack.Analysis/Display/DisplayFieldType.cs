namespace NetStack;

/// <summary>What the values of a field are, in Wireshark's terms.</summary>
public enum DisplayFieldType
{
    /// <summary>A protocol: it is there or not (FT_PROTOCOL).</summary>
    Protocol,

    /// <summary>A remark: it is there or not (FT_NONE).</summary>
    None,

    /// <summary>A bit (FT_BOOLEAN).</summary>
    Boolean,

    /// <summary>Unsigned, 8 bits (FT_UINT8).</summary>
    Unsigned8,

    /// <summary>Unsigned, 16 bits (FT_UINT16).</summary>
    Unsigned16,

    /// <summary>Unsigned, 24 bits (FT_UINT24).</summary>
    Unsigned24,

    /// <summary>Unsigned, 32 bits (FT_UINT32, FT_FRAMENUM).</summary>
    Unsigned32,

    /// <summary>Signed, 32 bits (FT_INT32).</summary>
    Signed32,

    /// <summary>An Ethernet address (FT_ETHER).</summary>
    Ethernet,

    /// <summary>An IPv4 address (FT_IPv4).</summary>
    Ipv4,

    /// <summary>An IPv6 address (FT_IPv6).</summary>
    Ipv6,

    /// <summary>Bytes of any number (FT_BYTES).</summary>
    Bytes,

    /// <summary>Text (FT_STRING).</summary>
    Text,

    /// <summary>Seconds with nine decimals (FT_RELATIVE_TIME).</summary>
    Time,
}
