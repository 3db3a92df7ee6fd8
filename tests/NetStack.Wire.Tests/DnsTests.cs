using System.Buffers.Binary;

namespace NetStack.Wire.Tests;

/// <summary>DNS messages: RFC 1035, RFC 3596, RFC 6891.</summary>
public sealed class DnsTests
{
    [Fact]
    public void Any_bytes_are_walked_to_an_end_without_throwing()
    {
        byte[] text = new byte[4096];
        for (int seed = 0; seed < 20_000; seed++)
        {
            Random random = new(seed);
            byte[] bytes = Hostile(random);
            if (!DnsView.TryRead(bytes, out DnsView view)) continue;
            LineWriter line = new(text);
            view.AppendTo(ref line, bytes.Length);
            int count = Sweep(view, ref line);
            Assert.True(count <= (bytes.Length - DnsView.Size) / 5 + 1, $"seed {seed}: {count} records in {bytes.Length} bytes");
        }
    }

    [Fact]
    public void Every_prefix_of_a_message_is_walked_and_says_that_it_is_cut()
    {
        byte[] whole = Response();
        for (int length = DnsView.Size; length <= whole.Length; length++)
        {
            Assert.True(DnsView.TryRead(whole.AsSpan(0, length), out DnsView view));
            DnsReader reader = view.Records;
            int count = 0;
            while (reader.MoveNext()) count++;
            Assert.Equal(length < whole.Length, reader.IsMalformed);
            Assert.Equal(length < whole.Length, count < 6);
        }
    }

    [Fact]
    public void What_is_written_is_read_again()
    {
        for (int seed = 0; seed < 2_000; seed++)
        {
            Random random = new(seed);
            byte[] buffer = new byte[8192];
            DnsHeader header = new((ushort)random.Next(65536), (DnsFlags)random.Next(65536) & (DnsFlags)0x87B0)
            {
                OperationCode = (byte)random.Next(16),
                ResponseCode = (DnsResponseCode)random.Next(16),
            };
            DnsWriter writer = new(buffer, header);
            List<(DnsSection Section, byte[] Name, DnsType Type, ushort Class, uint Time, byte[] Data)> records = [];
            byte[] name = Name(random);
            for (DnsSection section = DnsSection.Question; section <= DnsSection.Additional; section++)
            {
                for (int i = random.Next(4); i > 0; i--)
                {
                    if (random.Next(3) == 0) name = Name(random);
                    byte[] data = new byte[section == DnsSection.Question ? 0 : random.Next(60)];
                    random.NextBytes(data);
                    (DnsSection, byte[], DnsType, ushort, uint, byte[]) record =
                        (section, name, (DnsType)random.Next(40), (ushort)random.Next(65536), section == DnsSection.Question ? 0 : (uint)random.Next(), data);
                    records.Add(record);
                    if (section == DnsSection.Question) writer.AddQuestion(name, record.Item3, record.Item4);
                    else writer.AddRecord(section, name, record.Item3, record.Item5, data, record.Item4);
                }
            }
            Assert.True(DnsView.TryRead(writer.Written, out DnsView view));
            DnsHeader expected = header with
            {
                QuestionCount = (ushort)records.Count(r => r.Section == DnsSection.Question),
                AnswerCount = (ushort)records.Count(r => r.Section == DnsSection.Answer),
                AuthorityCount = (ushort)records.Count(r => r.Section == DnsSection.Authority),
                AdditionalCount = (ushort)records.Count(r => r.Section == DnsSection.Additional),
            };
            Assert.Equal(expected, DnsHeader.From(view));
            DnsReader reader = view.Records;
            foreach ((DnsSection section, byte[] owner, DnsType type, ushort @class, uint time, byte[] data) in records)
            {
                Assert.True(reader.MoveNext(), $"seed {seed}");
                Assert.Equal((section, type, @class, time), (reader.Section, reader.Type, reader.Class, reader.TimeToLive));
                Assert.True(reader.Name.Matches(owner, exactCase: true), $"seed {seed}: {reader.Name.ToString()}");
                Assert.True(reader.Data.SequenceEqual(data), $"seed {seed}");
            }
            Assert.False(reader.MoveNext());
            Assert.False(reader.IsMalformed);
        }
    }

    [Fact]
    public void A_name_in_text_is_the_name_it_came_from()
    {
        for (int seed = 0; seed < 5_000; seed++)
        {
            byte[] name = Name(new Random(seed));
            Assert.True(DnsName.TryRead(name, 0, out DnsName read, out int next));
            Assert.Equal(name.Length, next);
            byte[] encoded = new byte[DnsName.MaxSize];
            Assert.True(DnsName.TryEncode(read.ToString(), encoded, out int length), $"seed {seed}: {read.ToString()}");
            Assert.Equal(name, encoded[..length]);
            Assert.True(DnsName.TryEncode(read.IsRoot ? "" : read.ToString() + ".", encoded, out length));
            Assert.Equal(name, encoded[..length]);
        }
    }

    [Theory]
    [InlineData("a..b"), InlineData(".a"), InlineData(".."), InlineData("a.b..")]
    [InlineData("bücher.example"), InlineData("a\\"), InlineData("a\\25"), InlineData("a\\256")]
    public void What_is_no_name_is_refused(string text) => Assert.False(DnsName.TryEncode(text, new byte[255], out _));

    [Theory]
    [InlineData(63, true), InlineData(64, false)]
    public void A_label_has_at_most_63_bytes(int length, bool fits) => Assert.Equal(fits, DnsName.TryEncode(new string('a', length) + ".b", new byte[255], out _));

    /// <summary>Three labels of 63 bytes with their lengths are 192 bytes, the root one more.</summary>
    [Theory]
    [InlineData(61, true), InlineData(62, false)]
    public void A_name_has_at_most_255_bytes(int last, bool fits)
    {
        string label = new('a', 63);
        string text = $"{label}.{label}.{label}.{new string('b', last)}";
        Assert.Equal(fits, DnsName.TryEncode(text, new byte[300], out int length));
        Assert.Equal(fits, DnsName.TryEncode(text + ".", new byte[300], out _));
        Assert.False(DnsName.TryEncode(text, new byte[254], out _));
        if (fits) Assert.Equal(255, length);
    }

    [Fact]
    public void Case_does_not_count_unless_it_is_asked_for()
    {
        byte[] mixed = Encode("WwW.eXample.ORG");
        byte[] lower = Encode("www.example.org");
        Assert.True(DnsName.TryRead(mixed, 0, out DnsName name, out _));
        Assert.True(name.Matches(lower));
        Assert.False(name.Matches(lower, exactCase: true));
        Assert.False(name.Matches(Encode("www.example.com")));
        Assert.False(name.Matches(Encode("ww.wexample.org")));
        Assert.False(name.Matches(Encode("www.example")));
    }

    [Theory]
    [InlineData("C000", "a pointer to itself")]
    [InlineData("0161C000", "a label before a pointer to it")]
    [InlineData("C002C000", "two that lead to each other")]
    [InlineData("C004", "past the end")]
    [InlineData("C0", "half a pointer")]
    [InlineData("4161", "an old label type")]
    [InlineData("8161", "another")]
    [InlineData("0261", "a cut label")]
    [InlineData("0161", "no end")]
    [InlineData("", "nothing")]
    public void A_name_that_cannot_be_is_refused(string hex, string what) =>
        Assert.False(DnsName.TryRead(Convert.FromHexString(hex), 0, out _, out _), what);

    [Fact]
    public void Pointers_lead_back_through_a_chain_and_the_next_name_follows_the_first_pointer()
    {
        // 0: "c" root; 3: "b" -> 0; 7: "a" -> 3; 11: "Z"
        byte[] message = [1, (byte)'c', 0, 1, (byte)'b', 0xC0, 0, 1, (byte)'a', 0xC0, 3, 1, (byte)'Z', 0];
        Assert.True(DnsName.TryRead(message, 7, out DnsName name, out int next));
        Assert.Equal(("a.b.c", 11, 7), (name.ToString(), next, name.Size));
        Assert.True(name.Matches(Encode("A.B.C")));
    }

    /// <summary>A chain of pointers that each add a long label would make a name of thousands of bytes.</summary>
    [Fact]
    public void A_name_that_grows_past_255_bytes_by_pointers_is_refused()
    {
        byte[] message = new byte[1024];
        int last = 0, at = 1;
        for (int i = 0; i < 10; i++, at += 53)
        {
            message[at] = 50;
            message.AsSpan(at + 1, 50).Fill((byte)'x');
            BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(at + 51), (ushort)(0xC000 | last));
            last = at;
            Assert.Equal(i < 4, DnsName.TryRead(message, at, out _, out _)); // 5 * 51 + 1 = 256
        }
    }

    [Fact]
    public void Records_are_read_as_what_they_are()
    {
        Assert.True(DnsView.TryRead(Response(), out DnsView view));
        DnsReader reader = view.Records;
        Assert.True(reader.MoveNext() && reader.Section == DnsSection.Question && reader.Type == DnsType.A);
        Assert.True(reader.MoveNext() && reader.TryGetTarget(out DnsName target) && target.ToString() == "web.example.org");
        Assert.True(reader.MoveNext() && reader.TryGetAddress(out IpAddress v4) && v4 == IpAddress.Parse("192.0.2.7") && reader.TimeToLive == 300);
        Assert.True(reader.MoveNext() && reader.TryGetAddress(out IpAddress v6) && v6 == IpAddress.Parse("2001:db8::7"));
        Assert.True(reader.MoveNext() && reader.TryGetNegativeTime(out uint seconds) && seconds == 60);
        Assert.True(reader.MoveNext() && reader.Type == DnsType.Opt && reader.Class == 1232 && reader.Section == DnsSection.Additional);
        Assert.False(reader.MoveNext());
    }

    [Fact]
    public void A_time_with_its_top_bit_set_is_zero()
    {
        byte[] buffer = new byte[100];
        DnsWriter writer = new(buffer, new DnsHeader(1, DnsFlags.Response));
        writer.AddAddress(DnsSection.Answer, Encode("a"), IpAddress.Parse("1.2.3.4"), 0x8000_0001);
        Assert.True(DnsView.TryRead(writer.Written, out DnsView view));
        DnsReader reader = view.Records;
        Assert.True(reader.MoveNext());
        Assert.Equal(0u, reader.TimeToLive);
    }

    [Fact]
    public void A_message_in_a_line()
    {
        byte[] query = new byte[100];
        DnsWriter writer = new(query, new DnsHeader(4711, DnsFlags.RecursionDesired));
        writer.AddQuestion(Encode("www.example.org"), DnsType.Aaaa);
        Assert.Equal("4711+ AAAA? www.example.org. (33)", Line(writer.Written));
        Assert.Equal("7 NXDomain- 2/2/1 A? www.example.org. (209)", Line(Response(DnsResponseCode.NameError)));
    }

    [Fact]
    public void A_walk_allocates_nothing()
    {
        byte[] bytes = Response();
        byte[] text = new byte[512];
        Walk();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++) Walk();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Walk()
        {
            DnsView.TryRead(bytes, out DnsView view);
            LineWriter line = new(text);
            view.AppendTo(ref line, bytes.Length);
            for (DnsReader reader = view.Records; reader.MoveNext();)
            {
                reader.Name.AppendTo(ref line);
                if (reader.TryGetTarget(out DnsName target)) target.Matches(reader.Name);
            }
        }
    }

    internal static byte[] Encode(string text)
    {
        byte[] encoded = new byte[DnsName.MaxSize];
        Assert.True(DnsName.TryEncode(text, encoded, out int length));
        return encoded[..length];
    }

    private static string Line(ReadOnlySpan<byte> bytes)
    {
        Assert.True(DnsView.TryRead(bytes, out DnsView view));
        LineWriter line = new(new byte[512]);
        view.AppendTo(ref line, bytes.Length);
        return line.ToString();
    }

    /// <summary>Looks at everything of every record.</summary>
    private static int Sweep(DnsView view, ref LineWriter line)
    {
        int count = 0;
        Span<byte> name = stackalloc byte[DnsName.MaxSize];
        for (DnsReader reader = view.Records; reader.MoveNext(); count++)
        {
            reader.Name.AppendTo(ref line);
            Assert.Equal(reader.Name.Size, reader.Name.CopyTo(name));
            Assert.True(reader.Name.Matches(name[..reader.Name.Size], exactCase: true) && reader.Name.Matches(reader.Name));
            reader.TryGetAddress(out _);
            reader.TryGetNegativeTime(out _);
            if (reader.TryGetTarget(out DnsName target)) target.AppendTo(ref line);
        }
        return count;
    }

    /// <summary>Bytes that look like a message often enough: small counts, short labels, pointers.</summary>
    private static byte[] Hostile(Random random)
    {
        byte[] bytes = new byte[random.Next(200)];
        random.NextBytes(bytes);
        for (int at = 4; at < Math.Min(12, bytes.Length); at++) bytes[at] = (byte)(at % 2 == 0 ? 0 : random.Next(4));
        for (int at = 12; at < bytes.Length; at++)
        {
            if (random.Next(3) == 0) bytes[at] = (byte)random.Next(4);
            else if (random.Next(8) == 0) bytes[at] = 0xC0;
        }
        if (random.Next(3) != 0) return bytes;
        bytes = Response();
        for (int changes = random.Next(6); changes > 0; changes--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        return bytes[..random.Next(bytes.Length + 1)];
    }

    private static byte[] Name(Random random)
    {
        List<byte> name = [];
        for (int labels = random.Next(5); labels > 0; labels--)
        {
            byte[] label = new byte[random.Next(1, random.Next(3) == 0 ? 63 : 12)];
            random.NextBytes(label);
            if (name.Count + label.Length + 2 > DnsName.MaxSize) break;
            name.Add((byte)label.Length);
            name.AddRange(label);
        }
        return [.. name, 0];
    }

    private static byte[] Response(DnsResponseCode code = DnsResponseCode.NoError)
    {
        byte[] buffer = new byte[512];
        byte[] name = Encode("www.example.org");
        byte[] target = Encode("web.example.org");
        DnsWriter writer = new(buffer, new DnsHeader(7, DnsFlags.Response) { ResponseCode = code });
        writer.AddQuestion(name, DnsType.A);
        writer.AddRecord(DnsSection.Answer, name, DnsType.Cname, 600, target);
        writer.AddAddress(DnsSection.Answer, target, IpAddress.Parse("192.0.2.7"), 300);
        // two answers and one authority
        byte[] soa = [.. Encode("ns.example.org"), .. Encode("root.example.org"), 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 60];
        writer.AddAddress(DnsSection.Authority, target, IpAddress.Parse("2001:db8::7"), 300);
        writer.AddRecord(DnsSection.Authority, Encode("example.org"), DnsType.Soa, 3600, soa);
        writer.AddEdns(1232);
        return writer.Written.ToArray();
    }
}
