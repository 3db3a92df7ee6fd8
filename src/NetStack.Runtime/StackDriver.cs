using NetStack.Ip;
using NetStack.Tcp;
using NetStack.Udp;

namespace NetStack.Runtime;

/// <summary>What hears of events of a TCP connection or listener: it stands in the <c>Tag</c>. The loop's gate is held.</summary>
internal interface ITcpUser
{
    void OnEvents(TcpEvents events);
}

/// <summary>What hears of events of a datagram socket: it stands in the <c>Tag</c>. The loop's gate is held.</summary>
internal interface IDatagramUser
{
    void OnEvents(SocketEvents events);
}

/// <summary>
/// Drives one stack on a loop: frames from its NICs into the stack, what the stack sends into the NICs, deadlines, and events to the
/// programs above. This is the only code that touches a stack.
/// </summary>
internal sealed class StackDriver(NetLoop loop, NetworkStack stack, HostDiagnostics diagnostics) : ILoopPart
{
    private const int MaxRounds = 64; // of events that lead to frames that lead to events, before others have a turn

    private readonly List<NicAttachment> _attachments = [];
    private readonly List<INic> _nics = [];
    private bool _areWaitable = true;
    private Instant? _polledAt; // when it was polled last, if it is to be polled again at once
    private bool _isAfterProgram; // and only for what programs did since: a NIC that is waited for tells when there is more

    internal NetLoop Loop => loop;

    internal NetworkStack Stack => stack;

    internal HostDiagnostics Diagnostics => diagnostics;

    internal IReadOnlyList<NicAttachment> Attachments => _attachments;

    /// <summary>Bodies that programs hold; null unless the host passes bodies through.</summary>
    internal BodyLeases? Bodies { get; private set; }

    /// <summary>Listeners and datagram sockets that programs have open: they end with the host.</summary>
    internal HashSet<IDisposable> Open { get; } = [];

    /// <inheritdoc/>
    public IReadOnlyList<INic> Nics => _nics;

    /// <inheritdoc/>
    public Instant? NextDeadline
    {
        get
        {
            if (_polledAt is { } at) return at;
            Instant? next = stack.NextDeadline;
            foreach (NicAttachment attachment in _attachments) next = Instant.Earliest(next, attachment.NextDeadline);
            return Instant.Earliest(next, Bodies?.NextDeadline);
        }
    }

    /// <summary>Adds a NIC. The gate is held; the driver is not on its loop yet.</summary>
    internal NicAttachment Attach(INic nic, NicOptions options, bool passesThrough)
    {
        NicAttachment attachment = new(stack, nic, options, diagnostics, passesThrough, loop.Now);
        _attachments.Add(attachment);
        _nics.Add(nic);
        _areWaitable &= nic is IWaitableNic;
        options.Apply(attachment.Interface, stack.Routes, loop.Now);
        return attachment;
    }

    /// <summary>Passes bodies through from now on. All NICs are attached.</summary>
    internal void PassThrough(TimeSpan lease) => Bodies = new BodyLeases(this, lease);

    /// <inheritdoc/>
    /// <remarks>A program that runs inline comes before the sending: its answer then carries the acknowledgement.</remarks>
    public void Poll(Instant now)
    {
        bool hasMore = !_isAfterProgram && Receive(now);
        if (stack.NextDeadline <= now) stack.OnDeadline(now);
        if (Bodies is { } bodies && bodies.NextDeadline <= now) bodies.Poll(now);
        bool isProgramDue = TellEvents() && loop.IsProgramDue;
        if (!isProgramDue) Settle(now);
        _polledAt = isProgramDue || hasMore ? now : null;
        _isAfterProgram = isProgramDue && !hasMore && _areWaitable;
    }

    /// <inheritdoc/>
    public bool TryArm()
    {
        foreach (NicAttachment attachment in _attachments)
        {
            if (!attachment.TryArm(loop.Now)) return false;
        }
        return true;
    }

    /// <inheritdoc/>
    public void OnLoopFailed(Exception failure) => diagnostics.OnLoopFailed(failure);

    /// <summary>After a call into the stack: sends what it let out, tells what it made happen. The gate is held.</summary>
    internal void Touch()
    {
        Settle(loop.Now);
        loop.OnTouched();
    }

    /// <summary>Takes a batch from each NIC.</summary>
    /// <returns>Whether more may have come.</returns>
    private bool Receive(Instant now)
    {
        bool hasMore = false;
        foreach (NicAttachment attachment in _attachments)
        {
            attachment.Receive(now);
            hasMore |= attachment.HasMore;
        }
        return hasMore;
    }

    private void Settle(Instant now)
    {
        for (int round = 0; round < MaxRounds; round++)
        {
            foreach (NicAttachment attachment in _attachments) attachment.Transmit(now);
            if (_attachments.Count == 0) stack.Transmit(stack.Loopback, default, now);
            if (!TellEvents()) return;
        }
    }

    private bool TellEvents()
    {
        bool any = false;
        while (stack.Tcp.TryReadEvent(out TcpEvent happened))
        {
            any = true;
            ((happened.Connection?.Tag ?? happened.Listener?.Tag) as ITcpUser)?.OnEvents(happened.What);
        }
        while (stack.Udp.TryReadEvent(out UdpEvent happened))
        {
            any = true;
            (happened.Socket.Tag as IDatagramUser)?.OnEvents(happened.What);
        }
        while (stack.Icmp.TryReadEvent(out Icmp.EchoEvent happened))
        {
            any = true;
            (happened.Socket.Tag as IDatagramUser)?.OnEvents(happened.What);
        }
        while (stack.Raw.TryReadEvent(out Raw.RawEvent happened))
        {
            any = true;
            (happened.Socket.Tag as IDatagramUser)?.OnEvents(happened.What);
        }
        return any;
    }
}
