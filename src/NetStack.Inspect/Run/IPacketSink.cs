using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Inspect;

/// <summary>What a command does with the packets that match.</summary>
internal interface IPacketSink : IDisposable
{
    /// <summary>Whether more packets are of use.</summary>
    bool WantsMore { get; }

    /// <summary>Takes a packet.</summary>
    /// <param name="packet">Its headers, valid during the call.</param>
    /// <param name="body">All its bytes by handle: to be read through a counted path only, and not kept.</param>
    /// <param name="flow">What it is in its flow; empty unless <see cref="CaptureRequest.TrackFlows"/> was asked for.</param>
    void Add(in PacketHeaders packet, in PacketBody body, in FlowPacket flow);

    /// <summary>Takes a packet that comes straight from a file, for those who keep what else the file says of it.</summary>
    void Add(in CaptureRecord record, in PacketHeaders packet, in FlowPacket flow) => Add(packet, record.Body, flow);

    /// <summary>Writes what stands at the end. Called once, unless the output failed before.</summary>
    /// <param name="errors">Standard error, for counters and warnings.</param>
    void Finish(TextWriter errors);
}

/// <summary>What a sink may use.</summary>
/// <param name="output">Standard output.</param>
/// <param name="capture">What is read.</param>
/// <param name="times">The times that fields are relative to, where a display filter counts them: of packets that it hides too.</param>
internal sealed class CaptureContext(StandardOutput output, CaptureSource capture, CaptureTimes? times)
{
    /// <summary>What is read.</summary>
    internal CaptureSource Capture => capture;

    /// <summary>The times that fields are relative to; null for those of the packets shown.</summary>
    internal CaptureTimes? Times => times;

    /// <summary>Standard output. Who writes to it need not flush.</summary>
    internal StandardOutput Output => output;

    /// <summary>The interfaces met so far.</summary>
    internal IReadOnlyList<CaptureInterface> Interfaces => capture.Interfaces;

    /// <summary>The captures that are read; each says where it is damaged.</summary>
    internal IReadOnlyList<CaptureReader> Files => capture.Files;

    /// <summary>Counts what is read of bodies and shows up in the statistics.</summary>
    internal FetchMeter Meter => capture.Meter;

    /// <summary>Where reading ended early; known when the sink is to finish.</summary>
    internal CaptureDamage? Damage { get; set; }
}

/// <summary>An output other than standard output that cannot be written.</summary>
internal sealed class OutputException(string output, Exception reason) : IOException(reason.Message, reason)
{
    /// <summary>Its name.</summary>
    internal string Output => output;
}
