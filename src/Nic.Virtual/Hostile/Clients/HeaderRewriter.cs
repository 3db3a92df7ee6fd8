using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Nic.Virtual.Hostile;

/// <summary>
/// C5: sends frames of its own and, once they were looked at, writes another's source address over their headers where it can still
/// reach them; or leaves a part of the headers in the body from the start, in memory that stays its own.
/// </summary>
/// <param name="port">Its port.</param>
/// <param name="seed">Decides which way it goes.</param>
/// <param name="forged">The address it writes.</param>
public sealed class HeaderRewriter(INic port, ulong seed, IpAddress forged) : HostileClient("C5", "rewrites a header to send after the check", port, seed)
{
    private readonly TransmitFrame[] _frames = new TransmitFrame[4];
    private readonly byte[] _honest = Headers(port.Info.Mac, IpAddress.V4(0x0A_00_00_01), 0);
    private readonly byte[] _forged = Headers(new MacAddress(0x02_00_00_00_00_66), forged, 0);
    private BufferHandle _tail;

    /// <summary>Writes over everything it handed in. To be called while it sends, too.</summary>
    public void Rewrite()
    {
        for (int i = 0; i < _frames.Length; i++)
        {
            if (_frames[i].Headers.Length != _forged.Length) continue;
            _forged.CopyTo(_frames[i].Headers.Writable);
            Struck();
        }
        if (!Pool.IsLive(_tail)) return;
        Try(() => Pool.Write(_tail, 0, _forged.AsSpan(14)));
    }

    /// <inheritdoc/>
    protected override void Strike()
    {
        for (int i = 0; i < _frames.Length; i++) _frames[i] = Frame(_honest, [], out _);
        if (Below(2) == 0) _frames[^1] = Frame(_honest.AsSpan(0, 14), _honest.AsSpan(14), out _tail);
        Try(() => Queue.Transmit(_frames));
        Rewrite();
    }
}
