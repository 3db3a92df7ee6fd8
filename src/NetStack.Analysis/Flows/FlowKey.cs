using NetStack.Wire;

namespace NetStack;

/// <summary>The two ends of a conversation.</summary>
/// <param name="Protocol">TCP or UDP.</param>
/// <param name="A">Address of whoever sent the first packet.</param>
/// <param name="PortA">Its port.</param>
/// <param name="B">Address of the other end.</param>
/// <param name="PortB">Its port.</param>
public readonly record struct FlowKey(IpProtocol Protocol, IpAddress A, ushort PortA, IpAddress B, ushort PortB)
{
    /// <summary>Appends <c>a:port &lt;-&gt; b:port</c>; IPv6 addresses stand in brackets.</summary>
    public void AppendTo(ref LineWriter line)
    {
        AppendEnd(ref line, A, PortA);
        line.Append(" <-> "u8);
        AppendEnd(ref line, B, PortB);
    }

    /// <summary>As <see cref="AppendTo"/> writes it.</summary>
    public override string ToString()
    {
        LineWriter line = new(stackalloc byte[128]);
        AppendTo(ref line);
        return line.ToString();
    }

    /// <summary>Appends <c>1.2.3.4:80</c> or <c>[2001:db8::1]:80</c>.</summary>
    internal static void AppendEnd(ref LineWriter line, IpAddress address, ushort port)
    {
        if (address.IsV6) line.Append('[');
        line.Append(address);
        line.Append(address.IsV6 ? "]:"u8 : ":"u8);
        line.Append(port);
    }
}
