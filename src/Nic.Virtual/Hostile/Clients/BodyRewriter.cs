using NetStack.Memory;

namespace NetStack.Nic.Virtual.Hostile;

/// <summary>C5: writes over the body of a frame it sent while the frame waits, after whoever looks at payload has looked.</summary>
/// <param name="port">Its port.</param>
/// <param name="seed">Decides the payload.</param>
public sealed class BodyRewriter(INic port, ulong seed) : HostileClient("C5", "rewrites a body to send after hand-over", port, seed)
{
    /// <summary>The byte all of a body has when it is handed over.</summary>
    public const byte Shown = 0x11;

    /// <summary>The byte all of it has afterwards.</summary>
    public const byte Hidden = 0x99;

    /// <inheritdoc/>
    protected override void Strike()
    {
        byte[] body = new byte[64 + Below(128)];
        Array.Fill(body, Shown);
        TransmitFrame frame = Frame(Headers(Port.Info.Mac, Address, body.Length), body, out BufferHandle buffer);
        if (Queue.Transmit([frame]) == 0)
        {
            frame.Body.Release();
            return;
        }
        Array.Fill(body, Hidden);
        Try(() => Pool.Write(buffer, 0, body));
    }
}
