namespace NetStack.Multiplexer;

/// <summary>How a <see cref="PacketMultiplexer"/> uses its NIC. Read once, when the multiplexer is built.</summary>
public sealed class MultiplexerOptions
{
    /// <summary>Buffers in the ring of each unsteered queue, at least 2. They are registered once.</summary>
    public int RingBuffers { get; set; } = 1024;

    /// <summary>Bytes in each of them, at least 64. Longer frames chain.</summary>
    public int RingBufferSize { get; set; } = 2048;

    /// <summary>Ask for huge pages behind the rings.</summary>
    public bool HugePages { get; set; }

    /// <summary>
    /// How many queues, from 0 on, carry what no rule steers, at least 1. The others may be given to steered ports, one each; the
    /// NIC must spread unsteered frames over the first ones only.
    /// </summary>
    public int UnsteeredQueues { get; set; } = 1;

    /// <summary>The most frames taken from each queue in one poll, at least 1.</summary>
    public int ReceiveBatch { get; set; } = 64;

    /// <summary>The most frames one port may send before it is the next one's turn, at least 1.</summary>
    public int TransmitBatch { get; set; } = 32;

    /// <summary>
    /// Buffers of a ring that stay with the device: with fewer posted than these, frames are copied out to their clients instead
    /// of passed by handle. Null for a quarter of the ring; 0 switches the rule off.
    /// </summary>
    public int? RingReserve { get; set; }

    /// <summary>
    /// Whether a ring's buffers are cleared before they are posted again, so that a device which completes a buffer with fewer bytes
    /// than it claims delivers zeros and nothing of an earlier frame. Cleared is what the last frame filled, or the whole buffer where
    /// the driver refused the completion. <see cref="PortOptions.ScrubBuffers"/> says it for a steered queue.
    /// </summary>
    public bool ScrubBuffers { get; set; }

    /// <summary>Fragmented datagrams remembered at a time, 1 to 65,536; more make the oldest forgotten.</summary>
    public int FragmentEntries { get; set; } = 256;

    /// <summary>How long a fragmented datagram is remembered. RFC 791 suggests 15 s, RFC 8200 asks for 60 s.</summary>
    public TimeSpan FragmentLifetime { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>What is checked of clients; less than all for control runs.</summary>
    internal ClientChecks Checks { get; set; } = ClientChecks.All;

    internal int ReserveOf(int posted) => Math.Min(RingReserve ?? posted / 4, posted);

    internal void Validate(int queues)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(RingBuffers, 2, nameof(RingBuffers));
        ArgumentOutOfRangeException.ThrowIfLessThan(RingBufferSize, 64, nameof(RingBufferSize));
        ArgumentOutOfRangeException.ThrowIfLessThan(UnsteeredQueues, 1, nameof(UnsteeredQueues));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(UnsteeredQueues, queues, nameof(UnsteeredQueues));
        ArgumentOutOfRangeException.ThrowIfLessThan(ReceiveBatch, 1, nameof(ReceiveBatch));
        ArgumentOutOfRangeException.ThrowIfLessThan(TransmitBatch, 1, nameof(TransmitBatch));
        ArgumentOutOfRangeException.ThrowIfNegative(RingReserve ?? 0, nameof(RingReserve));
        ArgumentOutOfRangeException.ThrowIfLessThan(FragmentEntries, 1, nameof(FragmentEntries));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(FragmentEntries, 65_536, nameof(FragmentEntries));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(FragmentLifetime, TimeSpan.Zero, nameof(FragmentLifetime));
    }
}
