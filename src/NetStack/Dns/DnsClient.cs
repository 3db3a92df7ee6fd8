using System.Buffers.Binary;
using NetStack.Tcp;
using NetStack.Wire;

namespace NetStack.Dns;

/// <summary>
/// A stub resolver (RFC 1034 section 5.3.1) without a socket: names, responses and time go in; queries, completed lookups and the
/// next deadline come out. After each input the caller takes all sends and all completed lookups.
/// </summary>
internal sealed partial class DnsClient
{
    private const int MaxMismatches = 32;
    private static readonly TimeSpan MaxTimeout = TimeSpan.FromSeconds(30);

    private readonly DnsOptions _options;
    private readonly UInt128 _secret;
    private readonly Dictionary<DnsKey, DnsQuery> _active = [];
    private readonly DeadlineHeap<DnsQuery> _deadlines = new();
    private readonly Queue<DnsQuery> _toSend = new();
    private readonly Queue<DnsLookup> _completed = new();
    private ulong _numbers;
    private int _rotation;

    internal DnsClient(DnsOptions options, UInt128 secret)
    {
        _options = options;
        _secret = secret;
        Cache = new DnsCache(options.CacheSize);
    }

    internal DnsCache Cache { get; }

    internal DnsDrops Drops { get; } = new();

    internal Instant? NextDeadline => _deadlines.NextDeadline;

    /// <summary>Lookups that did not end.</summary>
    internal int Count => _lookups.Count;

    /// <summary>Queries under way.</summary>
    internal int QueryCount => _active.Count;

    /// <summary>Takes a query whose present attempt is to be sent to its <see cref="DnsQuery.Server"/>.</summary>
    internal bool TryTakeSend(out DnsQuery? query)
    {
        while (_toSend.TryDequeue(out query))
        {
            query.IsQueued = false;
            if (!query.IsOver) return true;
        }
        return false;
    }

    /// <summary>Takes a lookup that ended and that nobody cancelled.</summary>
    internal bool TryTakeCompleted(out DnsLookup? lookup) => _completed.TryDequeue(out lookup);

    /// <summary>Writes a query's message, without the length that goes first over TCP.</summary>
    /// <returns>Bytes written, at most 512.</returns>
    internal int Write(DnsQuery query, Span<byte> buffer)
    {
        DnsWriter writer = new(buffer, new DnsHeader(query.Id, DnsFlags.RecursionDesired));
        writer.AddQuestion(query.Target, query.Key.Type);
        if (query.UsesEdns) writer.AddEdns((ushort)_options.UdpPayloadSize);
        return writer.Length;
    }

    /// <summary>Takes what came from the server that a query's present attempt asks.</summary>
    internal void OnMessage(DnsQuery query, ReadOnlySpan<byte> bytes, bool isTcp, Instant now)
    {
        if (query.IsOver || query.IsQueued || isTcp != query.UsesTcp)
        {
            Drops.Add(DnsDropReason.WrongServer);
            return;
        }
        if (Match(query, bytes, out DnsView message) is { } reason)
        {
            Drops.Add(reason);
            if (++query.Mismatches == MaxMismatches && !isTcp) AskByTcp(query, now); // somebody guesses
            return;
        }
        if (message.IsTruncated && !isTcp) AskByTcp(query, now);
        else if (message.ResponseCode is DnsResponseCode.NoError or DnsResponseCode.NameError) OnAnswer(query, message, now);
        else if (message.ResponseCode is DnsResponseCode.FormatError or DnsResponseCode.NotImplemented) OnNotUnderstood(query, now);
        else OnRefusal(query, now);
    }

    /// <summary>The present attempt cannot succeed: it was not sent, or an error came back.</summary>
    internal void OnFailure(DnsQuery query, Instant now)
    {
        if (!query.IsOver && !query.IsQueued) AskNext(query, now);
    }

    /// <summary>Does what is due.</summary>
    internal void OnDeadline(Instant now)
    {
        while (_deadlines.TryTakeDue(now, out DnsQuery query)) AskNext(query, now);
    }

    private DnsDropReason? Match(DnsQuery query, ReadOnlySpan<byte> bytes, out DnsView message)
    {
        if (!DnsView.TryRead(bytes, out message) || !message.IsResponse || message.OperationCode != 0) return DnsDropReason.NotResponse;
        if (message.Id != query.Id) return DnsDropReason.WrongId;
        // A server that did not understand may not repeat the question.
        if (message.QuestionCount == 0 && message.ResponseCode == DnsResponseCode.FormatError) return null;
        DnsReader reader = message.Records;
        bool isSame = message.QuestionCount == 1 && reader.MoveNext() && reader.Type == query.Key.Type && reader.Class == 1 && reader.Name.Matches(query.Target, exactCase: _options.RandomizesCase);
        return isSame ? null : DnsDropReason.WrongQuestion;
    }

    private void OnAnswer(DnsQuery query, DnsView message, Instant now)
    {
        DnsAnswer answer = DnsAnswer.Read(message, query.Target, query.Key.Type, stackalloc byte[DnsName.MaxSize]);
        if (answer.ExtendedCode != 0)
        {
            OnNotUnderstood(query, now);
            return;
        }
        uint seconds = Math.Min(query.TimeToLive, answer.TimeToLive);
        switch (answer.Kind)
        {
            case DnsAnswerKind.Addresses:
                Finish(query, new DnsOutcome(DnsStatus.Success, [.. answer.Addresses]), Bounded(seconds, _options.MaxTimeToLive), now);
                break;
            case DnsAnswerKind.Nothing:
                DnsStatus status = message.ResponseCode == DnsResponseCode.NameError ? DnsStatus.NotFound : DnsStatus.NoData;
                Finish(query, DnsOutcome.Failure(status), Bounded(seconds, _options.MaxNegativeTimeToLive), now);
                break;
            case DnsAnswerKind.Alias when query.Aliases + answer.Aliases <= DnsAnswer.MaxAliases:
                (query.TimeToLive, query.Target) = (seconds, answer.Target.ToArray());
                query.Aliases += answer.Aliases;
                Ask(query, now);
                break;
            default:
                if (answer.Kind != DnsAnswerKind.Referral) Drops.Add(DnsDropReason.Malformed);
                OnRefusal(query, now);
                break;
        }
    }

    /// <summary>Perhaps it is EDNS that the server does not understand (RFC 6891 section 7).</summary>
    private void OnNotUnderstood(DnsQuery query, Instant now)
    {
        if (!query.UsesEdns)
        {
            OnRefusal(query, now);
            return;
        }
        query.UsesEdns = false;
        Ask(query, now);
    }

    private void OnRefusal(DnsQuery query, Instant now)
    {
        query.SawFailure = true;
        AskNext(query, now);
    }

    private void AskByTcp(DnsQuery query, Instant now)
    {
        query.UsesTcp = true;
        Ask(query, now);
    }

    private void AskNext(DnsQuery query, Instant now)
    {
        query.NextServer();
        bool isEnough = query.Waiters.TrueForAll(static w => w.Found.Count > 0); // by the other family: some servers are silent about AAAA
        if (query.Round < _options.Attempts && !isEnough) Ask(query, now);
        else Finish(query, DnsOutcome.Failure(query.SawFailure ? DnsStatus.ServerFailure : DnsStatus.Timeout), TimeSpan.Zero, now);
    }

    /// <summary>Begins an attempt: a new id, and by whoever sends it a new port (RFC 5452 section 9.2).</summary>
    private void Ask(DnsQuery query, Instant now)
    {
        query.Id = (ushort)NextNumber();
        if (_options.RandomizesCase) RandomizeCase(query);
        TimeSpan timeout = _options.Timeout * (1 << Math.Min(query.Round, 10));
        _deadlines.Set(query, now + (timeout < MaxTimeout ? timeout : MaxTimeout));
        if (query.IsQueued) return;
        query.IsQueued = true;
        _toSend.Enqueue(query);
    }

    private void RandomizeCase(DnsQuery query)
    {
        ulong bits = NextNumber();
        for (int i = 0; i < query.Target.Length; i++)
        {
            if (i % 64 == 63) bits = NextNumber();
            byte b = query.Target[i];
            if (char.IsAsciiLetter((char)b)) query.Target[i] = (byte)(b & ~0x20 | (int)(bits >> i % 64 & 1) << 5); // a length is below 64: no letter
        }
    }

    private void Finish(DnsQuery query, DnsOutcome outcome, TimeSpan timeToLive, Instant now)
    {
        End(query);
        Cache.Add(query.Key, outcome, timeToLive, now);
        foreach (DnsLookup waiter in query.Waiters)
        {
            waiter.Queries.Remove(query);
            Take(waiter, outcome);
            Advance(waiter, now);
        }
    }

    private void End(DnsQuery query)
    {
        query.IsOver = true;
        _active.Remove(query.Key);
        _deadlines.Remove(query);
        _ended.Enqueue(query);
    }

    /// <summary>64 bits that nobody foresees who does not know the secret, whatever else of them he saw.</summary>
    private ulong NextNumber()
    {
        Span<byte> count = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(count, ++_numbers);
        return SipHash.Compute((ulong)(_secret >> 64), (ulong)_secret, count);
    }

    private static TimeSpan Bounded(uint seconds, TimeSpan most) => seconds < most.TotalSeconds ? TimeSpan.FromSeconds(seconds) : most;
}
