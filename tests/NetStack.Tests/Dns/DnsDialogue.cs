using NetStack.Dns;
using NetStack.Wire;

namespace NetStack.Tests.Dns;

/// <summary>A resolver without a stack, to whom a test speaks as servers do.</summary>
internal sealed class DnsDialogue
{
    internal static readonly DnsServer First = new(IpAddress.Parse("192.0.2.53"));
    internal static readonly DnsServer Second = new(IpAddress.Parse("192.0.2.54"));
    internal static readonly IpAddress Address = IpAddress.Parse("198.51.100.7");

    private readonly List<DnsQuery> _sent = [];

    internal DnsDialogue(DnsOptions? options = null, UInt128? secret = null, params DnsServer[] servers)
    {
        Client = new DnsClient(options ?? new DnsOptions(), secret ?? 42) { Servers = servers.Length == 0 ? [First] : servers };
    }

    internal DnsClient Client { get; }

    internal Instant Now { get; private set; } = Instant.FromSeconds(100);

    internal IReadOnlyList<string> Search { get; set; } = [];

    /// <summary>Queries that were sent and not looked at, the oldest first.</summary>
    internal List<DnsQuery> Sent
    {
        get
        {
            while (Client.TryTakeSend(out DnsQuery? query)) _sent.Add(query!);
            while (Client.TryTakeEnded(out _)) { }
            while (Client.TryTakeCompleted(out DnsLookup? lookup)) lookup!.Completed?.Invoke(lookup);
            return _sent;
        }
    }

    internal DnsLookup Resolve(string name, DnsFamily family = DnsFamily.V4)
    {
        DnsLookup lookup = new(name, family, null);
        Client.Begin(lookup, Search, Now);
        return lookup;
    }

    /// <summary>The query that was sent next; it must be the only one.</summary>
    internal DnsQuery Expect(string name, DnsServer? server = null, bool isTcp = false, bool hasEdns = true)
    {
        DnsQuery query = Assert.Single(Sent);
        _sent.Clear();
        Assert.Equal((name, server ?? First, isTcp), (NameOf(query), query.Server, query.UsesTcp));
        Assert.True(DnsView.TryRead(Message(query), out DnsView view));
        Assert.Equal((DnsFlags.RecursionDesired, 1, hasEdns ? 1 : 0), (view.Flags, view.QuestionCount, view.AdditionalCount));
        return query;
    }

    internal void ExpectNothing() => Assert.Empty(Sent);

    internal byte[] Message(DnsQuery query)
    {
        byte[] message = new byte[512];
        return message[..Client.Write(query, message)];
    }

    internal void Wait()
    {
        Now = Client.NextDeadline!.Value;
        Client.OnDeadline(Now);
    }

    internal void Pass(double seconds)
    {
        Now += TimeSpan.FromSeconds(seconds);
        Client.OnDeadline(Now);
    }

    /// <summary>Answers a query.</summary>
    internal void Answer(DnsQuery query, Action<AnswerBuilder>? records = null, DnsResponseCode code = DnsResponseCode.NoError, bool isTcp = false, Func<DnsHeader, DnsHeader>? header = null)
    {
        AnswerBuilder answer = new(query.Target, query.Key.Type);
        records?.Invoke(answer);
        DnsHeader told = new(query.Id, DnsFlags.Response | DnsFlags.RecursionAvailable) { ResponseCode = code };
        Client.OnMessage(query, answer.Write(header?.Invoke(told) ?? told), isTcp, Now);
    }

    internal static string NameOf(DnsQuery query) => DnsName.TryRead(query.Target, 0, out DnsName name, out _) ? name.ToString() : "?";

    internal static byte[] Encode(string text)
    {
        byte[] encoded = new byte[DnsName.MaxSize];
        Assert.True(DnsName.TryEncode(text, encoded, out int length));
        return encoded[..length];
    }
}

/// <summary>Records of an answer.</summary>
internal sealed class AnswerBuilder(byte[] question, DnsType type)
{
    private readonly List<(DnsSection Section, byte[] Name, DnsType Type, uint Time, byte[] Data, ushort Class)> _records = [];

    /// <summary>What is told to have been asked; empty for no question.</summary>
    internal byte[] Question { get; set; } = question;

    internal DnsType Type { get; set; } = type;

    internal AnswerBuilder Add(DnsSection section, byte[] name, DnsType type, uint time, byte[] data, ushort classCode = 1)
    {
        _records.Add((section, name, type, time, data, classCode));
        return this;
    }

    internal AnswerBuilder Address(IpAddress address, uint time = 300, string? owner = null)
    {
        byte[] data = new byte[address.Size];
        address.Write(data);
        return Add(DnsSection.Answer, owner is null ? Question : DnsDialogue.Encode(owner), address.IsV4 ? DnsType.A : DnsType.Aaaa, time, data);
    }

    internal AnswerBuilder Alias(string target, uint time = 300, string? owner = null) =>
        Add(DnsSection.Answer, owner is null ? Question : DnsDialogue.Encode(owner), DnsType.Cname, time, DnsDialogue.Encode(target));

    internal AnswerBuilder Soa(uint time, uint minimum)
    {
        byte[] data = [0, 0, .. new byte[16], (byte)(minimum >> 24), (byte)(minimum >> 16), (byte)(minimum >> 8), (byte)minimum];
        return Add(DnsSection.Authority, [0], DnsType.Soa, time, data);
    }

    internal byte[] Write(DnsHeader header)
    {
        byte[] buffer = new byte[16_000];
        DnsWriter writer = new(buffer, header);
        if (Question.Length > 0) writer.AddQuestion(Question, Type);
        foreach (var record in _records) writer.AddRecord(record.Section, record.Name, record.Type, record.Time, record.Data, record.Class);
        return writer.Written.ToArray();
    }
}
