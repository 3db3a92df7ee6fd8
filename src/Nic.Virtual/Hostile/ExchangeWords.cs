namespace NetStack.Nic.Virtual.Hostile;

/// <summary>
/// H2, by one who knows the Internet checksum: exchanges the first two 16-bit words of the body, which leaves the sum as it was. It
/// hopes that a right checksum is taken for a proof.
/// </summary>
/// <param name="seed">Decides which frames, if not all.</param>
/// <param name="moment">When it strikes by itself.</param>
public sealed class ExchangeWords(ulong seed = 1, RewriteMoment moment = RewriteMoment.BeforeLook)
    : HeldFrameBehaviour("H2", "exchanges words of the body, under the same checksum", seed, moment)
{
    private readonly Dictionary<ulong, uint> _exchanged = []; // what it writes, by the address of the buffer
    private uint? _words; // of the frame that is being placed

    /// <inheritdoc/>
    public override void OnPlace(ReadOnlySpan<byte> frame, ref int queue, ref RxCompletion completion)
    {
        base.OnPlace(frame, ref queue, ref completion);
        _words = frame.Length >= HeadersEnd + 4 ? BitConverter.ToUInt32(frame[HeadersEnd..]) : null;
    }

    private protected override void OnFilled(in KnownBuffer buffer)
    {
        if (_words is { } words && buffer.HeadersEnd > 0 && buffer.Filled >= buffer.HeadersEnd + 4) _exchanged[buffer.Address] = uint.RotateLeft(words, 16);
        else _exchanged.Remove(buffer.Address);
        base.OnFilled(buffer);
    }

    private protected override void RewriteOne(in KnownBuffer buffer)
    {
        Span<byte> bytes = stackalloc byte[4];
        if (!_exchanged.TryGetValue(buffer.Address, out uint words) || !Strike()) return;
        BitConverter.TryWriteBytes(bytes, words);
        Write(buffer.Queue, buffer.Address + (ulong)buffer.HeadersEnd, bytes);
    }
}
