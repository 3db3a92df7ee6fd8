using System.CommandLine;
using NetStack.Analysis;
using NetStack.Ip;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Inspect;

/// <summary>The words of <c>netstack reassemble</c>.</summary>
internal static class ReassembleCommand
{
    internal static Command Create()
    {
        Option<bool> json = CaptureOptions.Flag("--json", "One JSON object per datagram instead of a line of text.");
        Option<string?> write = new("--write", "-w") { Description = "Write the datagrams into a capture (pcap where the name ends so, else pcapng); - is standard output.", HelpName = "FILE" };
        Option<string> overlap = OverlapOption();
        Command command = new("reassemble", "Put IP datagrams together from fragments. It reads the fragments' bodies.") { json, write, overlap };
        CaptureOptions capture = CaptureOptions.AddTo(command);
        command.SetAction(parsed => CaptureRun.Execute(
            capture.Read(parsed),
            context => new ReassembleSink(context, parsed.GetValue(json), parsed.GetValue(write), OverlapOf(parsed.GetValue(overlap)!))));
        return command;
    }

    internal static Option<string> OverlapOption()
    {
        Option<string> overlap = new("--overlap") { Description = "Which bytes stay where pieces overlap: those that came first or last, or as a family of systems keeps them.", DefaultValueFactory = _ => "first" };
        overlap.AcceptOnlyFromAmong("first", "last", "linux", "bsd", "windows");
        return overlap;
    }

    internal static OverlapPolicy OverlapOf(string name) => name switch
    {
        "last" => OverlapPolicy.Last,
        "linux" => OverlapPolicy.Linux,
        "bsd" => OverlapPolicy.Bsd,
        _ => OverlapPolicy.First, // Windows too
    };
}

/// <summary>Prints datagrams that became whole.</summary>
internal sealed class ReassembleSink : IPacketSink
{
    private const int MaxPacket = 40 + ushort.MaxValue;

    private readonly CaptureContext _context;
    private readonly DatagramReassembler _reassembler;
    private readonly bool _json;
    private readonly string? _path;
    private readonly CaptureWriter? _writer;
    private readonly byte[] _packet = new byte[MaxPacket];
    private long _whole;

    internal ReassembleSink(CaptureContext context, bool json, string? path, OverlapPolicy overlap)
    {
        _context = context;
        _json = json;
        _path = path;
        _reassembler = new DatagramReassembler(new DatagramOptions { Overlap = overlap });
        if (path is null) return;
        try
        {
            SameFile.Refuse(context.Files.Select(f => f.Name), path);
            _writer = CaptureWriter.Create(path, new CaptureWriterOptions { Format = path.EndsWith(".pcap", StringComparison.OrdinalIgnoreCase) ? CaptureFileFormat.Pcap : CaptureFileFormat.PcapNg });
            _writer.AddInterface(LinkType.Raw);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OutputException(path, e);
        }
    }

    public bool WantsMore => true;

    public void Add(in PacketHeaders packet, in PacketBody body, in FlowPacket flow)
    {
        if (!_reassembler.TryAdd(packet, body, _context.Meter, out ReassembledDatagram datagram)) return;
        _whole++;
        if (_writer is null || _path != "-")
        {
            if (_json) DatagramJson.Write(_context.Output, packet.Info.Number, datagram);
            else DatagramJson.WriteText(_context.Output, packet.Info.Number, datagram);
        }
        if (_writer is null || !DatagramJson.TryWritePacket(datagram, _packet, out int length)) return;
        try
        {
            _writer.Write(_packet.AsSpan(0, length), length, packet.Info.Timestamp);
        }
        catch (IOException e)
        {
            throw new OutputException(_path!, e);
        }
    }

    public void Finish(TextWriter errors)
    {
        try
        {
            _writer?.Flush();
        }
        catch (IOException e)
        {
            throw new OutputException(_path!, e);
        }
        if (_reassembler.Conflicts > 0) errors.WriteLine($"netstack: {_reassembler.Conflicts} datagram(s) with fragments that overlap with different bytes");
        int waiting = _reassembler.Pending;
        if (!_json && (waiting > 0 || _reassembler.FragmentsRefused > 0 || _reassembler.DatagramsGivenUp > 0))
            errors.WriteLine($"netstack: {_whole} datagram(s) whole, {waiting} not, {_reassembler.DatagramsGivenUp} given up, {_reassembler.FragmentsRefused} fragment(s) not usable");
    }

    public void Dispose()
    {
        try
        {
            _writer?.Dispose();
        }
        catch (IOException)
        {
            // told by the step that met it
        }
    }
}
