using NetStack.Memory;

namespace NetStack.Nic.Virtual.Hostile;

/// <summary>
/// C6: unregisters its memory while buffers are posted, frames are in the transmit ring and received ones are held, uses everything
/// after that, releases what the device still has, and uses the memory for something else as soon as it is told that it may.
/// </summary>
/// <param name="port">Its port.</param>
/// <param name="seed">Decides the order.</param>
public sealed class EarlyLeaver(INic port, ulong seed) : HostileClient("C6", "unregisters while in flight", port, seed)
{
    /// <summary>The byte its memory is full of once it is used for something else.</summary>
    public const byte Secret = 0x5E;

    private readonly List<BufferHandle> _sent = [];
    private Task? _gone;
    private bool _isReused;

    /// <summary>Whether it was told that the device is done with its memory.</summary>
    public bool IsGone => _gone?.IsCompletedSuccessfully ?? false;

    /// <inheritdoc/>
    protected override void Strike()
    {
        if (_gone is null)
        {
            for (int i = 0; i < 8; i++) Send();
            for (int i = 0; i < 4 && Pool.TryRent(out BufferHandle buffer); i++) Try(() => Queue.Post(Registration, [buffer]));
            Try(() => _gone = Registration.UnregisterAsync().AsTask());
            return;
        }
        Send();
        if (Pool.TryRent(out BufferHandle late))
        {
            Try(() => Queue.Post(Registration, [late]));
            Pool.Release(late);
        }
        Try(() => _ = Registration.UnregisterAsync().AsTask());
        if (!IsGone && Below(2) == 0 && _sent.Count > 0) ReleaseBehind();
        if (IsGone && !_isReused) Reuse();
    }

    private void Send()
    {
        byte[] body = new byte[100];
        TransmitFrame frame = Frame(Headers(Port.Info.Mac, Address, body.Length), body, out BufferHandle buffer);
        Try(() =>
        {
            if (Queue.Transmit([frame]) == 0) frame.Body.Release();
        });
        if (Pool.IsLive(buffer)) _sent.Add(buffer);
    }

    /// <summary>Writes its secret wherever it can, as the new owner of the memory would.</summary>
    private void Reuse()
    {
        _isReused = true;
        foreach (BufferHandle sent in _sent)
        {
            if (Pool.IsLive(sent)) Fill(sent);
        }
        while (Pool.TryRent(out BufferHandle free)) Fill(free);
    }

    /// <summary>Drops the pin that went with a frame. The buffer is its own again while the device may still read it.</summary>
    private void ReleaseBehind()
    {
        BufferHandle buffer = _sent[Below(_sent.Count)];
        _sent.Remove(buffer);
        Try(() => Pool.Release(buffer));
    }

    private void Fill(BufferHandle buffer)
    {
        byte[] secret = new byte[BufferSize];
        Array.Fill(secret, Secret);
        Try(() => Pool.Write(buffer, 0, secret));
    }
}
