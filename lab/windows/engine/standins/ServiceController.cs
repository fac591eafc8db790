// Copyright: (c) 2026, the deep_security.remediation contributors
// GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// A service, for Get-Service.ps1.

using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.Linq;
using System.Threading;

namespace Engine
{
    public enum ServiceStatus
    {
        Stopped = 1, StartPending = 2, StopPending = 3, Running = 4, ContinuePending = 5, PausePending = 6, Paused = 7
    }

    public sealed class ServiceController : IDisposable
    {
        private Dictionary<string, object> entry;

        private ServiceController(Dictionary<string, object> entry)
        {
            this.entry = entry;
        }

        public static ServiceController Find(string name)
        {
            var found = ((object[])Host.Query("services")).Cast<Dictionary<string, object>>().FirstOrDefault(
                one => !(bool)one["driver"] && string.Equals((string)one["name"], name, StringComparison.OrdinalIgnoreCase));
            return found == null ? null : new ServiceController(found);
        }

        public string Name { get { return (string)entry["name"]; } }
        public string ServiceName { get { return Name; } }
        public string DisplayName { get { return (string)entry["display_name"]; } }

        public ServiceStatus Status
        {
            get
            {
                string state = ((string)entry["state"]).Replace(" ", "");
                return Enum.TryParse(state, out ServiceStatus known) ? known : (ServiceStatus)0;
            }
        }

        public bool CanStop { get { return Status == ServiceStatus.Running || Status == ServiceStatus.Paused; } }

        public ServiceController[] DependentServices
        {
            get { return ((object[])entry["dependents"]).Select(one => Find((string)one)).Where(one => one != null).ToArray(); }
        }

        public void Start() { Control("start"); }
        public void Stop() { Control("stop"); }

        // The state stays that of the last Refresh.
        public void Refresh()
        {
            ServiceController now = Find(Name);
            if (now == null)
            {
                throw new InvalidOperationException($"Service {Name} was not found on computer '.'.");
            }
            entry = now.entry;
        }

        public void WaitForStatus(ServiceStatus desired) { WaitForStatus(desired, TimeSpan.MaxValue); }

        public void WaitForStatus(ServiceStatus desired, TimeSpan timeout)
        {
            var clock = System.Diagnostics.Stopwatch.StartNew();
            for (Refresh(); Status != desired; Refresh())
            {
                if (clock.Elapsed > timeout)
                {
                    throw new System.TimeoutException(
                        "Time out has expired and the operation has not been completed.");
                }
                Thread.Sleep(50);
            }
        }

        public void Close() { }
        public void Dispose() { }

        private void Control(string action)
        {
            try
            {
                Host.Query("control", Name, action);
            }
            catch (HostFailure failure)
            {
                throw new InvalidOperationException(
                    $"Cannot {action} {Name} service on computer '.'.", new Win32Exception(5, failure.Message));
            }
        }
    }
}
