using NetStack.Runtime;
using NetStack.Tcp;

namespace NetStack
{
    /// <summary>A run left something behind: a socket open, a frame on its way, a buffer that did not come home.</summary>
    public sealed class LeakException : Exception
    {
        /// <summary>Makes the exception.</summary>
        public LeakException(string message)
            : base(message)
        {
        }
    }
}

namespace NetStack.Testing
{
    /// <summary>Looks whether everything came home at the end of a run.</summary>
    internal sealed class LeakCheck(VirtualNetwork net)
    {
        private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(50);
        private static readonly TimeSpan FrameLimit = TimeSpan.FromHours(1);

        private readonly List<string> _leaks = [];

        /// <summary>Waits a while for what the body started to close its sockets.</summary>
        internal async Task CheckSocketsAsync(TimeSpan limit)
        {
            TimeSpan end = net.Elapsed + limit;
            List<string> open;
            while ((open = OpenSockets()).Count > 0 && net.Elapsed < end) await Task.Delay(Step, net.Time).ConfigureAwait(false);
            _leaks.AddRange(open);
        }

        /// <summary>After the hosts stopped: waits for the frames that are still on their way, then counts the buffers.</summary>
        internal async Task CheckFramesAsync()
        {
            TimeSpan end = net.Elapsed + FrameLimit;
            while (FramesOnTheirWay() > 0 && net.Elapsed < end) await Task.Delay(Step, net.Time).ConfigureAwait(false);
            if (FramesOnTheirWay() is var left && left > 0) _leaks.Add($"{left} frames are on their way");
            using (net.Loop.Enter())
            {
                foreach (NetworkHost host in net.HostEntries) CheckBuffers(host);
            }
        }

        internal void ThrowIfAny()
        {
            if (_leaks.Count == 0) return;
            throw new LeakException($"The run left something behind:{string.Concat(_leaks.Select(l => $"{Environment.NewLine}   {l}"))}");
        }

        private List<string> OpenSockets()
        {
            List<string> open = [];
            using (net.Loop.Enter())
            {
                foreach (NetworkHost host in net.HostEntries)
                {
                    foreach (IDisposable socket in host.Host.Driver.Open) open.Add($"{host.Name}: {TextOf(socket)} was not disposed of");
                    foreach (TcpTableEntry entry in host.Host.Stack.Tcp.ListSockets())
                    {
                        if (entry.Connection?.Tag is TcpChannel { IsLetGo: false }) open.Add($"{host.Name}: connection {entry.Local} → {entry.Remote} ({entry.State}) was neither disposed of nor aborted");
                    }
                }
            }
            return open;
        }

        private static string TextOf(IDisposable socket) => socket switch
        {
            NetListener listener => $"listener at {listener.LocalEndPoint}",
            NetUdp udp => $"UDP socket at {udp.LocalEndPoint}",
            _ => socket.ToString() ?? "a socket",
        };

        private int FramesOnTheirWay()
        {
            using (net.Loop.Enter()) return net.Links.Sum(l => l.Wire.InFlight) + net.HostEntries.Sum(h => h.Attachments.Sum(a => a.Gate.HeldCount));
        }

        private void CheckBuffers(NetworkHost host)
        {
            foreach (NicAttachment nic in host.Host.Driver.Attachments)
            {
                foreach (BufferPool pool in nic.ReceiveBuffers)
                {
                    if (pool.Available != pool.Count) _leaks.Add($"{host.Name}: {pool.Count - pool.Available} receive buffers did not come home");
                    if (pool.Region.Registrations != 0) _leaks.Add($"{host.Name}: receive buffers are still registered with {nic.Interface.Name}");
                }
            }
            BufferPool transmit = host.Host.Stack.TransmitBuffers;
            if (transmit.Available < transmit.Count - 1) _leaks.Add($"{host.Name}: {transmit.Count - transmit.Available - 1} transmit buffers did not come home"); // the stack fills one with its own messages
            foreach (Attachment attachment in host.Attachments)
            {
                if (attachment.Nic.SnapshotsOutstanding > 0) _leaks.Add($"{host.Name}: {attachment.Nic.SnapshotsOutstanding} header snapshots did not come home");
            }
        }
    }
}
