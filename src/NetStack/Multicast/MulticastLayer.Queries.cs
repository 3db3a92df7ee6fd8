using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Multicast;

/// <remarks>What is heard: queries, and the reports of others that spare us ours.</remarks>
public sealed partial class MulticastLayer
{
    private const byte IgmpQuery = 0x11;
    private const byte IgmpReport1 = 0x12;
    private const byte IgmpReport2 = 0x16;

    private readonly byte[] _message = new byte[2048];

    /// <inheritdoc/>
    TransportVerdict ITransport.Receive(in InboundDatagram datagram, Instant now)
    {
        int length = datagram.Bytes.Length;
        ChecksumAccumulator sum = default;
        Span<byte> message = _message.AsSpan(0, Math.Min(length, _message.Length));
        datagram.Bytes.CopyTo(message, ref sum);
        if (length > _message.Length) datagram.Bytes.Slice(_message.Length).SumTo(ref sum);
        if (length > _message.Length || length < IgmpView.MinSize || sum.Finish() != 0 || datagram.Source.IsV6)
        {
            Counters.Malformed++;
            return TransportVerdict.Done;
        }
        switch (message[0])
        {
            case IgmpQuery:
                TakeIgmpQuery(datagram, message, now);
                break;
            case IgmpReport1 or IgmpReport2:
                HearReport(datagram, IpAddress.ReadV4(message[4..]));
                break;
        }
        return TransportVerdict.Done;
    }

    private void TakeIgmpQuery(in InboundDatagram datagram, ReadOnlySpan<byte> message, Instant now)
    {
        if (!MembershipQuery.TryReadIgmp(message, out MembershipQuery query) || !IsGroupOrAll(query.Group)) Counters.Malformed++;
        // A version 3 query must carry a router alert (RFC 3376 section 4), an older one may lack it.
        else if (query.Version == 3 && (!datagram.HasRouterAlert || datagram.HopLimit != 1)) Counters.NotFromLink++;
        else Heed(datagram.Interface, query, now);
    }

    /// <summary>Takes an MLD message whose checksum and hop limit are right.</summary>
    internal void ReceiveMld(in InboundDatagram datagram, ReadOnlySpan<byte> message, Instant now)
    {
        // RFC 3810 section 6.2: only from the link, and with a router alert.
        if (!datagram.HasRouterAlert || !Ip.Martians.IsLinkLocalV6(datagram.Source))
        {
            Counters.NotFromLink++;
            return;
        }
        if (message[0] == MldView.Report && message.Length >= MldHeader.Size)
        {
            HearReport(datagram, IpAddress.ReadV6(message[8..]));
            return;
        }
        if (message[0] != MldView.Query) return;
        if (!MembershipQuery.TryReadMld(message, out MembershipQuery query) || !IsGroupOrAll(query.Group)) Counters.Malformed++;
        else Heed(datagram.Interface, query, now);
    }

    private static bool IsGroupOrAll(IpAddress group) => group.IsMulticast || group.IsUnspecified;

    /// <summary>A report of another member makes ours superfluous, where reports are sent to the group (RFC 2236 section 3).</summary>
    private void HearReport(in InboundDatagram datagram, IpAddress address)
    {
        if (LinkOf(datagram.Interface, address.IsV6).Version == 3 || !_byKey.TryGetValue((datagram.Interface, address), out HostGroup? group)) return;
        group.AnswerDue = null;
        group.IsLastReporter = false;
        _isNextKnown = false;
    }

    /// <summary>Schedules the answer to a query (RFC 3376 section 5.2).</summary>
    private void Heed(int nic, in MembershipQuery query, Instant now)
    {
        Counters.Queries++;
        LinkQuerier link = LinkOf(nic, query.Group.IsV6);
        if (link.Heard(query, now)) CancelPending(link);
        _isNextKnown = false;
        Instant due = Within(now, query.MaxDelay);
        if (link.Version < 3)
        {
            AskGroups(link, query, now);
            return;
        }
        if (link.GeneralDue <= due) return;
        if (query.Group.IsUnspecified)
        {
            link.GeneralDue = due;
            return;
        }
        if (_byKey.TryGetValue((nic, query.Group), out HostGroup? group)) Ask(group, query, due);
    }

    private static void Ask(HostGroup group, in MembershipQuery query, Instant due)
    {
        bool isPending = group.AnswerDue is not null;
        bool isWholeGroup = query.SourceCount == 0 || (isPending && group.Asked.Count == 0);
        if (!isPending || isWholeGroup) group.Asked.Clear();
        for (int i = 0; i < query.SourceCount && !isWholeGroup; i++) group.Asked.Add(query.Source(i));
        group.AnswerDue = Instant.Earliest(group.AnswerDue, due);
    }

    /// <summary>Under an older querier every group answers for itself, after a delay of its own (RFC 2236 section 3).</summary>
    private void AskGroups(LinkQuerier link, in MembershipQuery query, Instant now)
    {
        foreach (HostGroup group in _groups)
        {
            if (!IsOf(group, link) || (!query.Group.IsUnspecified && query.Group != group.Address)) continue;
            group.AnswerDue = Instant.Earliest(group.AnswerDue, Within(now, query.MaxDelay));
        }
    }

    /// <summary>RFC 3376 section 7.2.1: another version, and what was pending in the old one is over.</summary>
    private void CancelPending(LinkQuerier link)
    {
        link.GeneralDue = null;
        foreach (HostGroup group in _groups)
        {
            if (!IsOf(group, link)) continue;
            group.AnswerDue = null;
            group.CancelChanges();
        }
        for (int i = _groups.Count - 1; i >= 0; i--)
        {
            if (_groups[i].IsOver) Remove(_groups[i]);
        }
    }

    private bool IsOf(HostGroup group, LinkQuerier link) =>
        group.Interface == link.Interface && group.Address.IsV6 == link.IsV6 && IsReported(group);
}
