namespace NetStack.Inspect;

/// <summary>Which packets a run is to read, and how: what every command that reads captures has in common.</summary>
internal sealed record CaptureRequest
{
    /// <summary>The captures; <c>-</c> is standard input.</summary>
    internal required IReadOnlyList<string> Files { get; init; }

    /// <summary>A capture filter, in the language of pcap-filter(7); null for every packet.</summary>
    internal string? Filter { get; init; }

    /// <summary>A file that holds the capture filter instead; <c>-</c> is standard input.</summary>
    internal string? FilterFile { get; init; }

    /// <summary>A display filter, in Wireshark's language; null for every packet.</summary>
    internal string? DisplayFilter { get; init; }

    /// <summary>How many packets that match are taken.</summary>
    internal long Count { get; init; } = long.MaxValue;

    /// <summary>How many packets that match are passed over first.</summary>
    internal long Skip { get; init; }

    /// <summary>Whether to go on behind damage, where the next packet can be found.</summary>
    internal bool Recover { get; init; }

    /// <summary>Whether to end with counters on standard error.</summary>
    internal bool Stats { get; init; }

    /// <summary>Whether the sink wants to know what a packet is in its flow.</summary>
    internal bool TrackFlows { get; init; }

    /// <summary>Whether every packet's output is written out at once.</summary>
    internal bool FlushEach { get; init; }

    /// <summary>What the sink does with packets, for the counters.</summary>
    internal string Verb { get; init; } = "used";

    /// <summary>Whether every frame goes through a virtual NIC's ring and a multiplexer first.</summary>
    internal bool ViaRing { get; init; }

    /// <summary>Buffers in that ring.</summary>
    internal int RingBuffers { get; init; } = 512;

    /// <summary>Bytes in one of them.</summary>
    internal int RingBufferSize { get; init; } = 2048;

    /// <summary>Whether the device overwrites every byte right after it was fetched.</summary>
    internal bool RingScramble { get; init; }
}
