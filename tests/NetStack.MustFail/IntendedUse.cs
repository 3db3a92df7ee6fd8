namespace NetStack.MustFail;

/// <summary>What the types are for must compile, with the same harness that refuses the abuses.</summary>
public sealed class IntendedUse
{
    public static TheoryData<string, string> Programs => new()
    {
        {
            "decide on one line fetched once", """
            static bool IsForUs(SharedSpan frame, ulong ourMac)
            {
                if (!frame.TakeLine(out HeaderLine line)) return false;     // the one fetch
                ulong destination = ((ulong)line.U16(0) << 32) | line.U32(2);
                return destination == ourMac || destination == 0xFFFF_FFFF_FFFF;
            }
            """
        },
        {
            "parse a snapshot as far as the headers go", """
            static int HeaderLength(HeaderSnapshot frame)
            {
                ReadOnlySpan<byte> bytes = frame.Require(34);
                if (bytes.Length < 34) return -1;
                int length = 14 + (bytes[14] & 0xF) * 4 + 20;
                return frame.Require(length).Length >= length ? length : -1;
            }
            """
        },
        {
            "copy and sum a body in one pass at the user's border", """
            static bool Deliver(in PacketBody body, byte[] destination, FetchMeter meter)
            {
                ChecksumAccumulator sum = default;
                sum.AddU16(6);
                body.CopyTo(0, destination, ref sum, meter);
                return sum.Finish() == 0;
            }
            """
        },
        {
            "keep a body by handle, forward it, trim it", """
            sealed class Relay
            {
                private readonly Queue<PacketBody> _waiting = new();

                public void Enqueue(ref ReceivedFrame frame, int headers)
                {
                    PacketBody payload = frame.Body.Share();
                    frame.Release();
                    payload.TrimStart(headers);
                    _waiting.Enqueue(payload);
                }

                public async Task DropLaterAsync()
                {
                    PacketBody body = _waiting.Dequeue();
                    await Task.Yield();
                    body.Release();
                }
            }
            """
        },
        {
            "read in place where the caller declared trust", """
            static int FirstByte(SharedSpan window, Trust trust) =>
                window.TryTrust(trust, out TrustedSpan bytes) && bytes.Bytes.Length > 0 ? bytes.Bytes[0] : -1;
            """
        },
        {
            "a copy strategy decides on private facts", """
            sealed class CopySmall(int threshold) : ICopyStrategy
            {
                public CopyDecision Decide(in FrameFacts f) =>
                    f.Length <= threshold || f.FreeBuffers < 8 ? CopyDecision.All
                    : f.Trust.Data ? CopyDecision.InPlace : CopyDecision.Headers;
            }
            """
        },
        {
            "windows may be cut, passed down and summed", """
            static ushort Sum(BufferPool pool, BufferHandle buffer) => SumOf(pool.Window(buffer, 0, 64));
            static ushort SumOf(SharedSpan window)
            {
                ChecksumAccumulator sum = default;
                window.Slice(0, 32).SumTo(ref sum);
                window[32..].SumTo(ref sum);
                return sum.Finish();
            }
            """
        },
    };

    [Theory, MemberData(nameof(Programs))]
    public void Intended_use_compiles(string what, string members)
    {
        string[] errors = Snippet.Errors(members);
        Assert.True(errors.Length == 0, $"{what}: {string.Join(' ', errors)}");
    }
}
