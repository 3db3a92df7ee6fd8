using System.Diagnostics.Metrics;
using NetStack.Tcp;

namespace NetStack.Runtime;

/// <summary>
/// The instruments of a host. All but two observe: they read what the stack counts anyway, under the loop's gate, when somebody
/// collects, so that a packet costs nothing more. The histograms are recorded once a connection.
/// </summary>
internal sealed class HostMetrics : IDisposable
{
    private readonly StackDriver _driver;
    private readonly Meter _meter;
    private readonly Histogram<double> _connectDuration;
    private readonly Histogram<double> _lookupDuration;
    private readonly Histogram<double> _roundTrip;
    private volatile bool _isStopped;

    /// <summary>Makes the instruments. The gate is not held: listeners of others are told.</summary>
    internal HostMetrics(StackDriver driver, NetStackHostOptions options)
    {
        _driver = driver;
        MeterOptions meter = new(NetStackTelemetry.MeterName) { Tags = [new KeyValuePair<string, object?>("netstack.host", options.Name)] };
        _meter = options.MeterFactory?.Create(meter) ?? new Meter(meter);
        AddInterfaces();
        AddTcp();
        AddDatagrams();
        AddMemory();
        _connectDuration = Seconds("netstack.tcp.connect.duration", "Time until a connect succeeded or failed, an address each.");
        _roundTrip = Seconds("netstack.tcp.rtt", "The smoothed round-trip time of connections when they ended.");
        _lookupDuration = Seconds("netstack.dns.lookup.duration", "Time until a name was resolved or was not.");
    }

    internal bool WantsRoundTrips => _roundTrip.Enabled;

    internal void RecordRoundTrip(TimeSpan time) => _roundTrip.Record(time.TotalSeconds);

    internal void RecordConnect(TimeSpan time, string? error) => Record(_connectDuration, time, error);

    internal void RecordLookup(TimeSpan time, string? error) => Record(_lookupDuration, time, error);

    /// <summary>Ends observing. A meter of a factory is the factory's, and stays, silent.</summary>
    public void Dispose()
    {
        _isStopped = true;
        _meter.Dispose();
    }

    private static void Record(Histogram<double> histogram, TimeSpan time, string? error)
    {
        if (error is null) histogram.Record(time.TotalSeconds);
        else histogram.Record(time.TotalSeconds, new KeyValuePair<string, object?>("error.type", error));
    }

    private void AddInterfaces()
    {
        Counter("netstack.interface.packets", "{packet}", "Frames by interface and direction.", CounterReadings.Frames);
        Counter("netstack.interface.io", "By", "Bytes of frames by interface and direction.", CounterReadings.Bytes);
        UpDown("netstack.interface.info", "{interface}", "1 for each interface, tagged with the terms on which its frames come.", CounterReadings.Terms);
        Counter("netstack.packets.dropped", "{packet}", "What was dropped, by layer and reason.", CounterReadings.Drops);
        Counter("netstack.ip.packets", "{packet}", "IP packets by direction, those to ourselves too.", static (driver, to) =>
            to.AddDirections(driver.Stack.IpCounters.Received, driver.Stack.IpCounters.Sent));
        Counter("netstack.ip.forwarded", "{packet}", "Packets that were passed on.", static (driver, to) => to.Add(driver.Stack.Forwarding.Forwarded));
    }

    private void AddTcp()
    {
        UpDown("netstack.tcp.connections", "{connection}", "Listeners and connections by state.", CounterReadings.States);
        UpDown("netstack.tcp.listener.half_open", "{connection}", "Half-open connections by listening port.", static (driver, to) => CounterReadings.Queues(driver, to, l => l.HalfOpen));
        UpDown("netstack.tcp.listener.pending", "{connection}", "Connections to be accepted, by listening port.", static (driver, to) => CounterReadings.Queues(driver, to, l => l.Pending));
        UpDown("netstack.tcp.orphans", "{connection}", "Connections that the program let go of and that are not over.", static (driver, to) => to.Add(driver.Stack.Tcp.OrphanCount));
        Counter("netstack.tcp.connections.opened", "{connection}", "Connects begun, and connections of peers established.", static (driver, to) =>
        {
            to.Add(driver.Stack.Tcp.Counters.ActiveOpens, ("netstack.tcp.open", "active"));
            to.Add(driver.Stack.Tcp.Counters.PassiveOpens, ("netstack.tcp.open", "passive"));
        });
        Counter("netstack.tcp.connect.failures", "{connection}", "Connects that failed.", static (driver, to) => to.Add(driver.Stack.Tcp.Counters.FailedConnects));
        Counter("netstack.tcp.segments", "{segment}", "Segments by direction.", static (driver, to) =>
            to.AddDirections(driver.Stack.Tcp.Counters.SegmentsReceived, driver.Stack.Tcp.Counters.SegmentsSent));
        Counter("netstack.tcp.retransmissions", "{segment}", "Segments sent again.", static (driver, to) => to.Add(driver.Stack.Tcp.Counters.Retransmitted));
        Counter("netstack.tcp.timeouts", "{timeout}", "Retransmission timeouts.", static (driver, to) => to.Add(driver.Stack.Tcp.Counters.Timeouts));
        Counter("netstack.tcp.resets", "{reset}", "Resets sent, and resets that ended a connection.", static (driver, to) =>
            to.AddDirections(driver.Stack.Tcp.Counters.ResetsReceived, driver.Stack.Tcp.Counters.ResetsSent));
    }

    private void AddDatagrams()
    {
        Counter("netstack.udp.datagrams", "{datagram}", "UDP datagrams by direction.", static (driver, to) => to.AddDirections(driver.Stack.Udp.Received, driver.Stack.Udp.Sent));
        UpDown("netstack.udp.sockets", "{socket}", "UDP sockets that have a port.", static (driver, to) => to.Add(driver.Stack.Udp.ListSockets().Count));
    }

    private void AddMemory()
    {
        Counter("netstack.header.fetches", "{fetch}", "Fetches of header bytes from packet memory.", static (driver, to) => to.Add(CounterReadings.Sum(driver, m => m.HeaderFetches)));
        Counter("netstack.header.fetched", "By", "Header bytes fetched, each once.", static (driver, to) => to.Add(CounterReadings.Sum(driver, m => m.HeaderBytesFetched)));
        Counter("netstack.body.read", "By", "Body bytes read, to copy or to sum.", static (driver, to) => to.Add(CounterReadings.Sum(driver, m => m.BodyBytesRead)));
        Counter("netstack.body.copied", "By", "Body bytes copied.", static (driver, to) => to.Add(CounterReadings.Sum(driver, m => m.BodyBytesCopied)));
        UpDown("netstack.buffers", "{buffer}", "Buffers by pool and by whether somebody holds them.", CounterReadings.Buffers);
    }

    private Histogram<double> Seconds(string name, string description) => _meter.CreateHistogram<double>(name, "s", description);

    private void Counter(string name, string unit, string description, Action<StackDriver, CounterReadings> read) =>
        _meter.CreateObservableCounter(name, () => Read(read), unit, description);

    private void UpDown(string name, string unit, string description, Action<StackDriver, CounterReadings> read) =>
        _meter.CreateObservableUpDownCounter(name, () => Read(read), unit, description);

    private CounterReadings Read(Action<StackDriver, CounterReadings> read)
    {
        CounterReadings readings = [];
        if (_isStopped) return readings;
        using (_driver.Loop.Enter()) read(_driver, readings);
        return readings;
    }
}
