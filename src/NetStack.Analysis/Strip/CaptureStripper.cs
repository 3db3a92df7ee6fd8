using NetStack.Analysis;
using NetStack.Wire;

namespace NetStack;

/// <summary>What a <see cref="CaptureStripper"/> keeps.</summary>
public sealed record CaptureStripperOptions
{
    /// <summary>Whether comments are left out.</summary>
    public bool DropComments { get; init; }

    /// <summary>Whether secrets that decrypt bodies are kept: without bodies they are of no use, and elsewhere of too much.</summary>
    public bool KeepSecrets { get; init; }

    /// <summary>Gives addresses other names; null where they stay. It stays the caller's.</summary>
    public AddressAnonymiser? Anonymiser { get; init; }
}

/// <summary>
/// Copies a capture without its bodies, so that it can be handed on: of each packet exactly the headers are kept, with the lengths
/// and checksums they had. Bodies are never read. What is no packet is kept in its place, but for secrets; where addresses get
/// other names, names and everything that may hold addresses are left out too.
/// </summary>
/// <remarks>Not thread-safe.</remarks>
/// <param name="options">What is kept; null for the defaults.</param>
public sealed class CaptureStripper(CaptureStripperOptions? options = null)
{
    private readonly CaptureStripperOptions _options = options ?? new CaptureStripperOptions();
    private readonly HeaderRewriter? _rewriter = options?.Anonymiser is { } names ? new HeaderRewriter(names) : null;
    private readonly HeaderMap _map = new();
    private byte[] _bytes = new byte[256];

    /// <summary>How many packets were stripped.</summary>
    public long Packets { get; private set; }

    /// <summary>Bytes of headers that were kept.</summary>
    public long BytesKept { get; private set; }

    /// <summary>Bytes of bodies that were in the capture and are left out.</summary>
    public long BytesRemoved { get; private set; }

    /// <summary>How many packets have no header that is known: nothing of them is kept but their time and length.</summary>
    public long PacketsWithoutHeaders { get; private set; }

    /// <summary>How many blocks of secrets were left out.</summary>
    public long SecretsLeftOut { get; private set; }

    /// <summary>How many other blocks were left out: names, and what is not known, where addresses get other names.</summary>
    public long BlocksLeftOut { get; private set; }

    /// <summary>How the copy of a capture is written.</summary>
    /// <param name="format">The capture's format, which the copy has too.</param>
    public CaptureWriterOptions WriterOptions(CaptureFileFormat format) => new()
    {
        Format = format,
        LeaveOut = CaptureOptionKinds.PacketHashes
            | (_options.DropComments ? CaptureOptionKinds.Comments : 0)
            | (_options.Anonymiser is null ? 0 : CaptureOptionKinds.Addresses),
    };

    /// <summary>Copies all of a capture, up to its end or to where it is damaged.</summary>
    /// <param name="capture">The capture.</param>
    /// <param name="writer">Takes the copy; made with <see cref="WriterOptions"/>.</param>
    /// <exception cref="IOException">The writer's stream cannot take it.</exception>
    public void Copy(CaptureReader capture, CaptureWriter writer)
    {
        while (capture.TryReadBlock(out CaptureBlock block)) Copy(block, writer);
        if (writer.Format == CaptureFileFormat.Pcap && writer.Interfaces.Count == 0 && capture.Interfaces is [var only, ..])
            writer.AddInterface(only.LinkType, only.SnapLength, only.Resolution); // a capture of nothing has a link type too
    }

    /// <summary>Copies a block.</summary>
    /// <inheritdoc cref="Copy(CaptureReader, CaptureWriter)"/>
    /// <param name="block">The block.</param>
    /// <param name="writer">Takes the copy.</param>
    public void Copy(in CaptureBlock block, CaptureWriter writer)
    {
        if (block.TryGetRecord(out CaptureRecord record)) writer.Write(record, Strip(record));
        else if (block.Type == CaptureBlockType.DecryptionSecrets && !_options.KeepSecrets) SecretsLeftOut++;
        else if (_rewriter is not null && !IsFreeOfAddresses(block.Type)) BlocksLeftOut++;
        else writer.Write(block);
    }

    /// <summary>The headers of a packet as they are to be written. Fetches headers only.</summary>
    /// <param name="record">The packet.</param>
    /// <returns>Its first bytes, valid until the next call.</returns>
    public ReadOnlySpan<byte> Strip(in CaptureRecord record)
    {
        PacketHeaders headers = PacketHeaders.Decode(record);
        _map.Find(record.Headers, headers, knownOnly: _rewriter is not null);
        int border = _map.Border;
        if (border > _bytes.Length) _bytes = new byte[Math.Max(border, 2 * _bytes.Length)];
        Span<byte> kept = _bytes.AsSpan(0, border);
        record.Headers.Require(border)[..border].CopyTo(kept);
        _rewriter?.Rewrite(kept, _map.Parts);
        Packets++;
        BytesKept += border;
        BytesRemoved += record.CapturedLength - border;
        if (border == 0 && record.CapturedLength > 0) PacketsWithoutHeaders++;
        return kept;
    }

    private static bool IsFreeOfAddresses(CaptureBlockType type) => type is CaptureBlockType.SectionHeader or CaptureBlockType.InterfaceDescription
        or CaptureBlockType.InterfaceStatistics or CaptureBlockType.DecryptionSecrets;
}
