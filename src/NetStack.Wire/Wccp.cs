namespace NetStack.Wire;

/// <summary>The redirect header of WCCP version 2 in GRE over private bytes (draft-wilson-wrec-wccp-v2-01 section 4.12).</summary>
public readonly ref struct WccpRedirectView
{
    /// <summary>Bytes in the header.</summary>
    public const int Size = 4;

    private readonly ReadOnlySpan<byte> _bytes;

    private WccpRedirectView(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>Reads a header; false when it is not whole.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out WccpRedirectView view)
    {
        view = new WccpRedirectView(bytes);
        return bytes.Length >= Size;
    }

    /// <summary>Whether the service is a dynamic one.</summary>
    public bool IsDynamic => (_bytes[0] & 0x80) != 0;

    /// <summary>Whether the alternative bucket was used.</summary>
    public bool UsesAlternativeBucket => (_bytes[0] & 0x40) != 0;

    /// <summary>The service.</summary>
    public byte ServiceId => _bytes[1];

    /// <summary>The alternative bucket.</summary>
    public byte AlternativeBucket => _bytes[2];

    /// <summary>The primary bucket.</summary>
    public byte PrimaryBucket => _bytes[3];

    /// <summary>Appends service and bucket.</summary>
    public void AppendTo(ref LineWriter line)
    {
        line.Append(IsDynamic ? "WCCP redirect, dynamic service "u8 : "WCCP redirect, service "u8);
        line.Append(ServiceId);
        line.Append(", bucket "u8);
        line.Append(UsesAlternativeBucket ? AlternativeBucket : PrimaryBucket);
    }
}
