using System.Text;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Inspect;

/// <summary>Writes the bytes of conversations to standard output or into files, as they are delivered.</summary>
internal sealed class FollowSink : IPacketSink
{
    private readonly CaptureContext _context;
    private readonly FollowChoice _choice;
    private readonly string _form;
    private readonly string? _folder;
    private readonly StreamFollower _follower;
    private readonly List<Output> _outputs = [];
    private long _gathered; // bytes that wait to be written to files, over all of them
    private Flow? _only;

    internal FollowSink(CaptureContext context, FollowChoice choice, string form, string? folder, StreamOptions options)
    {
        _context = context;
        _choice = choice;
        _form = form;
        _folder = folder;
        _follower = new StreamFollower(Open, options);
        if (folder is null) return;
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OutputException(folder, e);
        }
    }

    public bool WantsMore => true;

    public void Add(in PacketHeaders packet, in PacketBody body, in FlowPacket flow)
    {
        if (flow.Flow is not { } conversation || !_choice.Matches(conversation)) return;
        if (_folder is null && !ReferenceEquals(_only ??= conversation, conversation)) return;
        _follower.Add(packet, body, _context.Meter, flow);
    }

    public void Finish(TextWriter errors)
    {
        _follower.Finish();
        if (_only is null && _outputs.Count == 0) errors.WriteLine("netstack: no such conversation");
        foreach (Output output in _outputs)
        {
            output.Flush();
            if (output.Missing > 0) errors.WriteLine($"netstack: {output.Name}: {output.Missing} bytes missing");
            if (output.Conflicts > 0) errors.WriteLine($"netstack: {output.Name}: overlap with different bytes, {output.Conflicts} times");
        }
    }

    public void Dispose()
    {
    }

    /// <summary>A name of which no part can lead elsewhere: digits, dots, dashes and letters of hexadecimal numbers.</summary>
    private static string FileName(Flow flow, bool isReverse)
    {
        FlowKey key = flow.Key;
        string a = $"{key.A}-{key.PortA}", b = $"{key.B}-{key.PortB}";
        string name = FormattableString.Invariant($"{(key.Protocol == IpProtocol.Tcp ? "tcp" : "udp")}-{flow.Stream:D5}-") + (isReverse ? $"{b}-{a}" : $"{a}-{b}");
        return name.Replace(':', '_') + ".bin";
    }

    private Output Open(Flow flow, bool isReverse)
    {
        Output output = new(this, flow, isReverse);
        _outputs.Add(output);
        return output;
    }

    /// <summary>Files are opened to append and closed again, so that no limit of open files is met; bytes are gathered for that, a few in all.</summary>
    private void OnGathered(int bytes)
    {
        const long AtMost = 16 * 1024 * 1024;
        _gathered += bytes;
        if (_gathered < AtMost) return;
        foreach (Output output in _outputs) output.Flush();
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_context.Output.GetSpan(bytes.Length));
        _context.Output.Advance(bytes.Length);
    }

    /// <summary>One direction.</summary>
    private sealed class Output(FollowSink sink, Flow flow, bool isReverse) : IStreamReceiver
    {
        private const int GatherAtMost = 8 * 1024;

        private List<byte> _gathered = [];
        private long _offset;
        private bool _hasFile;

        internal string Name { get; } = FileName(flow, isReverse);

        internal long Missing { get; private set; }

        internal long Conflicts { get; private set; }

        public void Data(ReadOnlySpan<byte> bytes, long packet)
        {
            if (sink._folder is not null)
            {
                _gathered.AddRange(bytes);
                sink.OnGathered(bytes.Length);
                if (_gathered.Count >= GatherAtMost) Flush();
                return;
            }
            if (sink._form == "raw")
            {
                sink.Write(bytes);
                return;
            }
            FlowKey key = flow.Key;
            sink.Write(Encoding.UTF8.GetBytes(isReverse ? $"<<< {key.B} > {key.A}, packet {packet}, {bytes.Length} bytes\n" : $">>> {key.A} > {key.B}, packet {packet}, {bytes.Length} bytes\n"));
            if (sink._form == "hex") Hex(bytes);
            else Ascii(bytes);
            _offset += bytes.Length;
        }

        void IStreamReceiver.Missing(long at, long length)
        {
            Missing += length;
            if (sink._folder is null && sink._form != "raw") sink.Write(Encoding.UTF8.GetBytes($"[{length} bytes missing at {at}]\n"));
            _offset += length;
        }

        public void Conflict(long at, long packet)
        {
            Conflicts++;
            if (sink._folder is null && sink._form != "raw") sink.Write(Encoding.UTF8.GetBytes($"[overlap with different bytes at {at}, packet {packet}]\n"));
        }

        internal void Flush()
        {
            if (_gathered.Count == 0) return;
            string path = Path.Combine(sink._folder!, Name);
            try
            {
                using FileStream file = new(path, _hasFile ? FileMode.Append : FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);
                file.Write(_gathered.ToArray());
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new OutputException(path, e);
            }
            _hasFile = true;
            sink._gathered -= _gathered.Count;
            _gathered = []; // not only cleared: there may be very many of us
        }

        /// <summary>Text as it is, other bytes as dots: nothing a terminal would obey.</summary>
        private void Ascii(ReadOnlySpan<byte> bytes)
        {
            byte[] text = bytes.ToArray();
            for (int i = 0; i < text.Length; i++)
            {
                if (text[i] is (< 0x20 or > 0x7E) and not ((byte)'\n' or (byte)'\t')) text[i] = (byte)'.';
            }
            sink.Write(text);
            if (text is not [.., (byte)'\n']) sink.Write("\n"u8);
        }

        private void Hex(ReadOnlySpan<byte> bytes)
        {
            for (int at = 0; at < bytes.Length; at += 16)
            {
                ReadOnlySpan<byte> row = bytes.Slice(at, Math.Min(16, bytes.Length - at));
                StringBuilder line = new(80);
                line.Append((_offset + at).ToString("x8", System.Globalization.CultureInfo.InvariantCulture)).Append("  ");
                for (int i = 0; i < 16; i++) line.Append(i < row.Length ? $"{row[i]:x2} " : "   ");
                line.Append(' ');
                foreach (byte b in row) line.Append(b is >= 0x20 and <= 0x7E ? (char)b : '.');
                sink.Write(Encoding.ASCII.GetBytes(line.Append('\n').ToString()));
            }
        }
    }
}
