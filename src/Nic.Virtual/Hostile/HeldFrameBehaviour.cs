namespace NetStack.Nic.Virtual.Hostile;

/// <summary>When a device rewrites what it handed over.</summary>
public enum RewriteMoment
{
    /// <summary>After the completion, before the host looks at it.</summary>
    BeforeLook = 0,

    /// <summary>While the host looks: after its first read of the buffer.</summary>
    DuringLook = 1,

    /// <summary>Only when it is told to: after the host looked, while it holds the frame.</summary>
    AfterLook = 2,
}

/// <summary>A hostile device that rewrites frames the host has.</summary>
public abstract class HeldFrameBehaviour : MemoryBehaviour
{
    private readonly RewriteMoment _moment;

    private protected HeldFrameBehaviour(string id, string name, ulong seed, RewriteMoment moment)
        : base(id, name, seed) => _moment = moment;

    /// <summary>Rewrites every frame that the host has: for a moment that the device model does not see, such as between two
    /// reads in place.</summary>
    public void RewriteNow()
    {
        foreach (KnownBuffer buffer in Known.Values)
        {
            if (!buffer.IsPosted) RewriteOne(buffer);
        }
    }

    /// <inheritdoc/>
    public override void OnFetched(int queue, ulong buffer, int offset, int length)
    {
        if (_moment == RewriteMoment.DuringLook && offset == 0 && Known.TryGetValue(buffer, out KnownBuffer known)) RewriteOne(known);
    }

    private protected override void OnFilled(in KnownBuffer buffer)
    {
        if (_moment == RewriteMoment.BeforeLook) RewriteOne(buffer);
    }

    /// <summary>Rewrites what this behaviour is after in one buffer.</summary>
    private protected abstract void RewriteOne(in KnownBuffer buffer);

    /// <summary>Overwrites what a buffer holds after the headers.</summary>
    private protected void RewriteBodyOf(in KnownBuffer buffer) =>
        Rewrite(buffer.Queue, buffer.Address + (ulong)buffer.HeadersEnd, buffer.Filled - buffer.HeadersEnd);
}
