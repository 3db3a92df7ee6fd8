namespace NetStack.Nic.Virtual.Hostile;

/// <summary>C4: never gives back what it receives, hoping that the ring runs dry for others too.</summary>
/// <param name="port">Its port.</param>
/// <param name="seed">Unused: it leaves nothing to chance.</param>
public sealed class Hoarder(INic port, ulong seed) : HostileClient("C4", "never returns buffers", port, seed)
{
    private readonly List<ReceivedFrame> _kept = [];

    /// <summary>Frames it keeps.</summary>
    public int Kept => _kept.Count;

    /// <summary>Gives everything back after all.</summary>
    public void Relent()
    {
        foreach (ReceivedFrame kept in _kept)
        {
            ReceivedFrame frame = kept;
            frame.Release();
        }
        _kept.Clear();
    }

    /// <inheritdoc/>
    protected override void Strike()
    {
    }

    /// <inheritdoc/>
    protected override void Use(ReceivedFrame frame)
    {
        if (!IsActive)
        {
            base.Use(frame);
            return;
        }
        Struck();
        _kept.Add(frame);
    }
}
